{# Keep dbt busy, as a long query does: the rehearsal's warehouse has no query that waits. #}
{% macro wait(seconds) %}
  {% if execute %}
    {% set end = modules.datetime.datetime.now() + modules.datetime.timedelta(seconds=seconds) %}
    {% for outer in range(100000) if modules.datetime.datetime.now() < end %}
      {% for inner in range(100000) %}{% endfor %}
    {% endfor %}
  {% endif %}
{% endmacro %}
