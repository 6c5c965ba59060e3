{% macro week_start(column) %}{{ return(adapter.dispatch('week_start')(column)) }}{% endmacro %}

{% macro bigquery__week_start(column) %}date_trunc({{ column }}, week){% endmacro %}
