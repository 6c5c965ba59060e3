{{ config(materialized='ephemeral') }}

with order_items as (

    select * from {{ ref('stg_order_items') }}

),

product_costs as (

    select * from {{ ref('int_product_costs') }}

),

costed as (

    select
        order_items.order_item_id,
        order_items.order_id,
        order_items.product_id,
        order_items.quantity,
        order_items.unit_price,
        order_items.quantity * order_items.unit_price as revenue,
        order_items.quantity * coalesce(product_costs.unit_cost, 0) as cost
    from order_items
    left join product_costs on order_items.product_id = product_costs.product_id

)

select * from costed
