{# Fail the first time that any process asks, and never again: the table outlives the try. #}
{% macro fail_once(name) %}
  {% if execute %}
    {% do run_query("create schema if not exists " ~ target.database ~ "." ~ target.schema) %}
    {% set tries = target.database ~ "." ~ target.schema ~ ".tries_of_" ~ name %}
    {% do run_query("create table if not exists " ~ tries ~ " (happened_at timestamp)") %}
    {% set count = run_query("select count(*) from " ~ tries).rows[0][0] %}
    {% do run_query("insert into " ~ tries ~ " select current_timestamp()") %}
    {% if count == 0 %}{{ exceptions.raise_compiler_error(name ~ " fails on its first try") }}{% endif %}
  {% endif %}
{% endmacro %}
