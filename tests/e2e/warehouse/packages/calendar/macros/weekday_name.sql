{% macro weekday_name(column) %}dayname({{ column }}){% endmacro %}
