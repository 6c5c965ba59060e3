{{ config(materialized='table') }}
select c.customer_id, c.name, c.tier, coalesce(o.orders, 0) as orders
from {{ ref('stg_customers') }} as c left join {{ ref('int_customer_orders') }} as o on o.customer_id = c.customer_id
