with source as (

    select * from {{ ref('raw_stores') }}

),

renamed as (

    select
        store_id,
        initcap(store_name) as store_name,
        initcap(city) as city,
        opened_on,
        tax_rate
    from source

)

select * from renamed
