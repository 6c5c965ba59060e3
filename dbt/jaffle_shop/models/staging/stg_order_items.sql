-- depends_on: {{ ref('raw_order_items') }}
with source as (

    select * from {{ source('point_of_sale', 'order_items') }}

),

renamed as (

    select
        order_item_id,
        order_id,
        sku as product_id,
        quantity,
        {{ cents_to_dollars('unit_price_cents') }} as unit_price
    from source

)

select * from renamed
