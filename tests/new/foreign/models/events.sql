{{ config(partition_by={'field': 'day', 'data_type': 'date'}) }}
{# nothing of this: env_var('IN_A_COMMENT') #}
select
    id,
    day
from `raw.web.events`
where day > '2026-01-01'
