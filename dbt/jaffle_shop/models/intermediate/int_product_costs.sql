with products as (

    select * from {{ ref('stg_products') }}

),

supplies as (

    select
        product_id,
        sum(cost) as unit_cost,
        sum(iff(is_perishable, cost, 0)) as perishable_cost
    from {{ ref('stg_supplies') }}
    group by product_id

),

joined as (

    select
        products.product_id,
        coalesce(supplies.unit_cost, 0) as unit_cost,
        coalesce(supplies.perishable_cost, 0) as perishable_cost
    from products
    left join supplies on products.product_id = supplies.product_id

)

select * from joined
