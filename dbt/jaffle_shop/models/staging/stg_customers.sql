with source as (

    select * from {{ ref('raw_customers') }}

),

renamed as (

    select
        customer_id,
        first_name,
        last_name,
        initcap(first_name || ' ' || last_name) as customer_name,
        lower(email) as email,
        joined_on
    from source

)

select * from renamed
