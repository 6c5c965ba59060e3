{# What a loader does in production: say when the rows arrived. dbt fills a seed anew on each run
   and leaves the columns which the CSV does not have empty. #}
{% macro stamp_loaded_at(relation) %}
    {% if execute %}
        {% do run_query("alter table " ~ relation ~ " add column if not exists loaded_at timestamp_ntz") %}
    {% endif %}
    update {{ relation }} set loaded_at = sysdate() where loaded_at is null
{% endmacro %}
