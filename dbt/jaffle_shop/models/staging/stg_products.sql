with source as (

    select * from {{ ref('raw_products') }}

),

renamed as (

    select
        sku as product_id,
        product_name,
        product_type,
        {{ cents_to_dollars('price_cents') }} as price
    from source

)

select * from renamed
