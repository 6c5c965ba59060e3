with orders as (

    select * from {{ ref('stg_orders') }}

),

stores as (

    select * from {{ ref('stg_stores') }}

),

items as (

    select
        order_id,
        sum(quantity) as item_count,
        sum(revenue) as subtotal,
        sum(cost) as cost
    from {{ ref('int_order_items_costed') }}
    group by order_id

),

totalled as (

    select
        orders.*,
        coalesce(items.item_count, 0) as item_count,
        coalesce(items.subtotal, 0) as subtotal,
        coalesce(items.cost, 0) as cost,
        round(coalesce(items.subtotal, 0) * stores.tax_rate, 2) as tax
    from orders
    left join stores on orders.store_id = stores.store_id
    left join items on orders.order_id = items.order_id

)

select
    *,
    subtotal + tax as order_total
from totalled
