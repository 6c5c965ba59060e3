with customers as (

    select * from {{ ref('customers') }}

),

cohorts as (

    select
        date_trunc('month', joined_on)::date as cohort_month,
        count(*) as customer_count,
        count_if(order_count > 0) as buyer_count,
        count_if(customer_type = 'regular') as regular_count,
        sum(lifetime_revenue) as lifetime_revenue
    from customers
    group by cohort_month

)

select
    *,
    round(buyer_count / customer_count, 4) as conversion_rate
from cohorts
