{% macro in_cents(column) %}({{ column }} * 100){% endmacro %}
