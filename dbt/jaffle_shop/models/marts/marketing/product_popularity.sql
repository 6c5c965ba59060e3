with items as (

    select * from {{ ref('order_items') }}
    where status = 'completed'

),

products as (

    select * from {{ ref('products') }}

),

sold as (

    select
        product_id,
        sum(quantity) as quantity_sold,
        sum(revenue) as revenue
    from items
    group by product_id

),

ranked as (

    select
        products.product_id,
        products.product_name,
        products.product_type,
        coalesce(sold.quantity_sold, 0) as quantity_sold,
        coalesce(sold.revenue, 0) as revenue,
        rank() over (
            partition by products.product_type
            order by coalesce(sold.quantity_sold, 0) desc
        ) as rank_in_type
    from products
    left join sold on products.product_id = sold.product_id

)

select * from ranked
