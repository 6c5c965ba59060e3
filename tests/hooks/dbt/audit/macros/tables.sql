{% macro table_of(name, columns) %}
    {% set relation = api.Relation.create(target.database, target.schema, name) %}
    {% if not adapter.get_relation(relation.database, relation.schema, relation.identifier) %}
        {% do run_query("create schema if not exists " ~ relation.database ~ "." ~ relation.schema) %}
        {% do run_query("create table if not exists " ~ relation ~ " (" ~ columns | join(" varchar, ") ~ " varchar)") %}
    {% endif %}
    {% do return(relation) %}
{% endmacro %}


{% macro add_row(name, row) %}
    {% set values = [] %}
    {% for value in row.values() %}{% do values.append("'" ~ (value | string | replace("'", "''")) ~ "'") %}{% endfor %}
    {% do run_query("insert into " ~ audit.table_of(name, row.keys()) ~ " values (" ~ values | join(", ") ~ ")") %}
{% endmacro %}


{% macro note(package, kind) %}
    {% if execute %}
        {% do audit.add_row("notes", {
            "package": package, "kind": kind, "which": flags.WHICH, "invocation": invocation_id,
            "started": run_started_at.strftime("%Y-%m-%dT%H:%M:%S.%f%z"), "selected": selected_resources | sort | join(" "),
            "full_refresh": flags.FULL_REFRESH, "limit_to": var("limit_to", "-"), "models": graph.nodes | length
        }) %}
    {% endif %}
{% endmacro %}


{% macro note_schemas(schemas, database_schemas) %}
    {% if execute %}
        {% set pairs = [] %}
        {% for database, schema in database_schemas %}{% do pairs.append(database ~ "." ~ schema) %}{% endfor %}
        {% do audit.add_row("schemas", {"schemas": schemas | sort | join(" "), "pairs": pairs | sort | join(" ")}) %}
    {% endif %}
{% endmacro %}
