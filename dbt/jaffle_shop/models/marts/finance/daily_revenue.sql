with orders as (

    select * from {{ ref('orders') }}
    where status = 'completed'

),

daily as (

    select
        ordered_on,
        store_id,
        count(*) as order_count,
        sum(subtotal) as revenue,
        sum(tax) as tax,
        sum(cost) as cost
    from orders
    group by ordered_on, store_id

),

running as (

    select
        *,
        revenue - cost as gross_margin,
        sum(revenue) over (
            partition by store_id, date_trunc('month', ordered_on)
            order by ordered_on
            rows between unbounded preceding and current row
        ) as revenue_month_to_date
    from daily

)

select * from running
