with daily as (

    select * from {{ ref('daily_revenue') }}

),

stores as (

    select * from {{ ref('stores') }}

),

monthly as (

    select
        date_trunc('month', ordered_on)::date as month_start,
        store_id,
        sum(order_count) as order_count,
        sum(revenue) as revenue,
        sum(cost) as cost
    from daily
    group by month_start, store_id

),

joined as (

    select
        monthly.month_start,
        monthly.store_id,
        stores.store_name,
        monthly.order_count,
        monthly.revenue,
        monthly.cost,
        monthly.revenue - monthly.cost as gross_margin,
        round((monthly.revenue - monthly.cost) / nullif(monthly.revenue, 0), 4) as margin_rate
    from monthly
    inner join stores on monthly.store_id = stores.store_id

)

select * from joined
