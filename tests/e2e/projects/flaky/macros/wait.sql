{# Keep dbt busy until another model's table is there, as a long query does: the warehouse here has no query that waits. #}
{% macro wait_for(name, seconds) %}
  {% if execute %}
    {% set now = modules.datetime.datetime.now %}
    {% set end = now() + modules.datetime.timedelta(seconds=seconds) %}
    {% set seen = namespace(there=false) %}
    {% for look in range(1000) if not seen.there and now() < end %}
      {% for outer in range(50) %}{% for inner in range(100000) %}{% endfor %}{% endfor %}
      {% set tables = target.database ~ ".information_schema.tables" %}
      {% set which = "table_schema ilike '" ~ target.schema ~ "' and table_name ilike '" ~ name ~ "'" %}
      {% set seen.there = run_query("select count(*) from " ~ tables ~ " where " ~ which).rows[0][0] > 0 %}
    {% endfor %}
  {% endif %}
{% endmacro %}
