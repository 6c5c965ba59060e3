{# As Elementary's upload_run_results: `results` is in the context, and each is turned into a dictionary first. #}
{% macro on_run_end() %}
    {% if execute and flags.WHICH not in ["docs", "serve"] %}
        {% for result in results %}
            {% set flat = result.to_dict() %}
            {% set node = flat.get("node", {}) %}
            {% set times = namespace(names=[]) %}
            {% for timing in flat.get("timing") %}
                {% do times.names.append(timing["name"] ~ (timing["started_at"] | length) ~ (timing["completed_at"] | length)) %}
            {% endfor %}
            {% do audit.add_row("elementary", {
                "unique_id": node.get("unique_id"),
                "status": flat.get("status"),
                "resource_type": node.get("resource_type"),
                "materialization": node.get("config", {}).get("materialized"),
                "rows_affected": flat.get("adapter_response", {}).get("rows_affected"),
                "failures": flat.get("failures"),
                "message": (flat.get("message") or "") | replace("\n", " "),
                "timings": times.names | join(" "),
                "compiled": node.get("compiled_code") or node.get("raw_code"),
                "name": node.get("name"),
                "keys": flat.keys() | sort | join(" "),
                "node_keys": node.keys() | sort | join(" ")
            }) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
