with stores as (

    select * from {{ ref('stg_stores') }}

),

orders as (

    select
        store_id,
        count(*) as order_count,
        min(ordered_on) as first_ordered_on,
        count(distinct customer_id) as customer_count
    from {{ ref('orders') }}
    where status <> 'cancelled'
    group by store_id

),

joined as (

    select
        stores.store_id,
        stores.store_name,
        stores.city,
        stores.opened_on,
        stores.tax_rate,
        coalesce(orders.order_count, 0) as order_count,
        coalesce(orders.customer_count, 0) as customer_count,
        orders.first_ordered_on
    from stores
    left join orders on stores.store_id = orders.store_id

)

select * from joined
