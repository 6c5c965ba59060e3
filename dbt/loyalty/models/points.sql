select
    customer_id,
    sum(floor(subtotal)) as points,
    max(ordered_on) as last_ordered_on
from {{ source('jaffle_shop', 'orders') }}
where status = 'completed'
group by customer_id
