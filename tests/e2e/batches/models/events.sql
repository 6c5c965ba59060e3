{{ config(materialized="table", event_time="happened_at") }}

-- Two events in each hour of January 2026.
select
    row_number() over (order by seq4()) as id,
    dateadd('minute', 30 * (row_number() over (order by seq4()) - 1), '2026-01-01'::timestamp) as happened_at
from table(generator(rowcount => 1488))
