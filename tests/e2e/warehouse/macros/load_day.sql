{# Fill the sources as another system would: each run finds one day more, and a changed order. #}
{% macro load_day() %}
  {% if execute %}
    {% set till = target.schema ~ "_till" %}
    {% do run_query("create schema if not exists " ~ till) %}
    {% do run_query("create schema if not exists " ~ target.schema) %}
    {% do run_query("create table if not exists " ~ till ~ ".days (day integer)") %}
    {% do run_query("create table if not exists " ~ target.schema ~ ".runs (nodes integer)") %}
    {% set day = run_query("select count(*) from " ~ till ~ ".days").rows[0][0] | int + 1 %}
    {% do run_query("insert into " ~ till ~ ".days values (" ~ day ~ ")") %}
    {% set orders, customers = [], [] %}
    {% for number in range(1, 10 * day + 1) %}
      {% set created = (number - 1) // 10 + 1 %}
      {% set status = 'returned' if number == 3 and day > 1 else 'placed' %}
      {% do orders.append("select " ~ number ~ " as order_id, " ~ (number % 5 + 1) ~ " as customer_id, "
        ~ number * 7 % 40 ~ " as amount, '" ~ status ~ "' as status, '2026-01-0" ~ created ~ "'::timestamp as ordered_at, '2026-01-0"
        ~ (day if status == 'returned' else created) ~ "'::timestamp as changed_at") %}
    {% endfor %}
    {% for number in range(1, 6) %}
      {% do customers.append("select " ~ number ~ " as customer_id, 'Customer " ~ number ~ "' as name, '"
        ~ ('gold' if number <= day else 'plain') ~ "' as tier") %}
    {% endfor %}
    {% do run_query("create or replace table " ~ till ~ ".orders as " ~ orders | join(" union all ")) %}
    {% do run_query("create or replace table " ~ till ~ ".customers as " ~ customers | join(" union all ")) %}
  {% endif %}
  select 1
{% endmacro %}
