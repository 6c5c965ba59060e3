{{ config(materialized='table', tags=['changing']) }}
select cast(customer_id as integer) as customer_id, cast(sum(amount) as integer) as amount
from {{ ref('orders') }} group by customer_id
