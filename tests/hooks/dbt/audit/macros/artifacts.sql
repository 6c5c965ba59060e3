{# The attributes that dbt_artifacts' upload_results reads, each the way it reads them. #}
{% macro upload_results(results) %}
    {% if execute %}
        {% for kind in ("model", "seed", "test", "unit_test") %}
            {% for result in results if result.node.resource_type == kind %}{{ audit.upload_one(result) }}{% endfor %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{% macro upload_one(result) %}
    {% set compile = (result.timing | selectattr("name", "eq", "compile") | first | default({}))["started_at"] %}
    {% set execution = (result.timing | selectattr("name", "eq", "execute") | first | default({}))["started_at"] %}
    {% do audit.add_row("artifacts", {
        "unique_id": result.node.unique_id,
        "status": result.status,
        "status_type": result.status.value ~ (result.status == "success") ~ (result.status is string),
        "compiled_at": compile is not none and "+" not in compile | string,
        "executed_at": execution is not none and "+" not in execution | string,
        "has_time": result.execution_time is number,
        "has_thread": result.thread_id[:6],
        "rows_affected": result.adapter_response.rows_affected,
        "code": result.adapter_response.get("code"),
        "message": result.message | replace("\n", " "),
        "failures": result.failures,
        "materialized": result.node.config.materialized,
        "place": result.node.database ~ "." ~ result.node.schema ~ "." ~ result.node.alias,
        "compiled": result.node.compiled_code or result.node.raw_code,
        "full_refresh": result.node.config.full_refresh,
        "serial": tojson(result.adapter_response) is string
    }) %}
{% endmacro %}
