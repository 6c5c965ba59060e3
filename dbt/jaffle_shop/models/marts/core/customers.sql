with customers as (

    select * from {{ ref('stg_customers') }}

),

completed as (

    select
        customer_id,
        count(*) as order_count,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on,
        sum(subtotal) as lifetime_revenue
    from {{ ref('orders') }}
    where status = 'completed'
    group by customer_id

),

joined as (

    select
        customers.customer_id,
        customers.customer_name,
        customers.email,
        customers.joined_on,
        coalesce(completed.order_count, 0) as order_count,
        completed.first_ordered_on,
        completed.last_ordered_on,
        coalesce(completed.lifetime_revenue, 0) as lifetime_revenue,
        case
            when completed.order_count >= 4 then 'regular'
            when completed.order_count >= 1 then 'occasional'
            else 'prospect'
        end as customer_type
    from customers
    left join completed on customers.customer_id = completed.customer_id

)

select * from joined
