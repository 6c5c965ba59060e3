-- depends_on: {{ ref('raw_orders') }}
with source as (

    select * from {{ source('point_of_sale', 'orders') }}

),

renamed as (

    select
        order_id,
        customer_id,
        store_id,
        ordered_at,
        ordered_at::date as ordered_on,
        status,
        updated_at
    from source

)

select * from renamed
