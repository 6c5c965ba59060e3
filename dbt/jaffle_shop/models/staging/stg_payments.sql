-- depends_on: {{ ref('raw_payments') }}
with source as (

    select * from {{ source('point_of_sale', 'payments') }}

),

renamed as (

    select
        payment_id,
        order_id,
        method as payment_method,
        {{ cents_to_dollars('amount_cents') }} as amount,
        paid_at,
        amount_cents < 0 as is_refund
    from source

)

select * from renamed
