{{ config(materialized='table') }}
select d.day, count(o.order_id) as orders
from {{ ref('calendar', 'calendar_days') }} as d left join {{ ref('stg_orders') }} as o on o.ordered_at = d.day group by d.day
