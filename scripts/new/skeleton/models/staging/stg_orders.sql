with source as (

    select * from {{ ref('raw_orders') }}

),

renamed as (

    select
        order_id,
        customer_id,
        ordered_at,
        ordered_at::date as ordered_on,
        amount_cents / 100 as amount
    from source

)

select * from renamed
