{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='order_id',
    on_schema_change='append_new_columns'
) }}

with orders as (

    select * from {{ ref('int_orders_totalled') }}

    -- The till moves updated_at whenever an order or its payments change. Equal times are read
    -- again: another order may have got the same second after the last run.
    {% if is_incremental() and var("orders_since") %}
        where updated_at >= '{{ var("orders_since") }}'
    {% elif is_incremental() %}
        where updated_at >= (select coalesce(max(updated_at), '1970-01-01') from {{ this }})
    {% endif %}

),

payments as (

    select * from {{ ref('int_order_payments') }}

),

customers as (

    select * from {{ ref('stg_customers') }}

),

joined as (

    select
        orders.order_id,
        orders.customer_id,
        orders.store_id,
        orders.ordered_at,
        orders.ordered_on,
        orders.status,
        orders.item_count,
        orders.subtotal,
        orders.tax,
        orders.order_total,
        orders.cost,
        payments.amount_paid,
        payments.refunded_amount,
        datediff('day', customers.joined_on, orders.ordered_on) as days_since_joining,
        orders.updated_at
    from orders
    inner join payments on orders.order_id = payments.order_id
    left join customers on orders.customer_id = customers.customer_id

)

select * from joined
