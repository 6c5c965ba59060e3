with source as (

    select * from {{ ref('raw_supplies') }}

),

renamed as (

    select
        supply_id,
        sku as product_id,
        supply_name,
        {{ cents_to_dollars('cost_cents') }} as cost,
        is_perishable
    from source

)

select * from renamed
