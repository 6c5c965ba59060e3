{# One row per invocation that wrote to the warehouse. dbt calls on-run-end for `test`, `docs` and
   others too; those have written nothing and may run where the schema does not exist. #}
{% macro record_run(results) %}
    {% if execute and flags.WHICH in ["build", "run", "seed", "snapshot"] %}
        {% set audit = api.Relation.create(database=target.database, schema=target.schema, identifier="dbt_runs") %}
        {# dbt's cache knows most relations already: the table is asked for only once. #}
        {% if not adapter.get_relation(audit.database, audit.schema, audit.identifier) %}
            {% do run_query(create_dbt_runs(audit)) %}
        {% endif %}
        {% set counts = count_statuses(results) %}
        insert into {{ audit }} (invocation_id, command, started_at, succeeded, failed, skipped)
        values (
            '{{ invocation_id }}',
            '{{ flags.WHICH }}',
            '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}',
            {{ counts.succeeded }},
            {{ counts.failed }},
            {{ counts.skipped }}
        )
    {% endif %}
{% endmacro %}


{% macro create_dbt_runs(relation) %}
    create table if not exists {{ relation }} (
        invocation_id varchar,
        command varchar,
        started_at timestamp_ntz,
        succeeded integer,
        failed integer,
        skipped integer
    )
{% endmacro %}


{% macro count_statuses(results) %}
    {% set statuses = results | map(attribute="status") | map("string") | list %}
    {% set failed = statuses | select("in", ["error", "fail", "runtime error"]) | list | length %}
    {% set skipped = statuses | select("in", ["skipped"]) | list | length %}
    {% do return({"succeeded": statuses | length - failed - skipped, "failed": failed, "skipped": skipped}) %}
{% endmacro %}
