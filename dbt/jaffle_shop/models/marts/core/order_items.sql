with items as (

    select * from {{ ref('int_order_items_costed') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

joined as (

    select
        items.order_item_id,
        items.order_id,
        items.product_id,
        orders.store_id,
        orders.ordered_on,
        orders.status,
        items.quantity,
        items.unit_price,
        items.revenue,
        items.cost
    from items
    inner join orders on items.order_id = orders.order_id

)

select * from joined
