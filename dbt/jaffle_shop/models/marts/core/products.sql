with products as (

    select * from {{ ref('stg_products') }}

),

costs as (

    select * from {{ ref('int_product_costs') }}

),

prices as (

    select
        product_id,
        count(*) as price_count,
        min(price) as lowest_price,
        max(price) as highest_price
    from {{ ref('product_prices') }}
    group by product_id

),

joined as (

    select
        products.product_id,
        products.product_name,
        products.product_type,
        products.price,
        costs.unit_cost,
        products.price - costs.unit_cost as unit_margin,
        coalesce(prices.price_count, 1) as price_count,
        coalesce(prices.lowest_price, products.price) as lowest_price,
        coalesce(prices.highest_price, products.price) as highest_price
    from products
    inner join costs on products.product_id = costs.product_id
    left join prices on products.product_id = prices.product_id

)

select * from joined
