{{ config(materialized="incremental") }}
{%- set times = invocation_args_dict %}

select id, happened_at from {{ ref("events") }}
{% if is_incremental() and times.get("event_time_start") %}
    where happened_at >= '{{ times["event_time_start"] }}' and happened_at < '{{ times["event_time_end"] }}'
{% else %}
    where false
{% endif %}
