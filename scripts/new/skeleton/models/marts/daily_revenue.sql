with orders as (

    select * from {{ ref('stg_orders') }}

)

select
    ordered_on,
    count(*) as order_count,
    sum(amount) as revenue
from orders
group by ordered_on
