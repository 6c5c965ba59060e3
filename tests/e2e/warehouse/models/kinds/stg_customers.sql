{{ config(secure=true) }}
select customer_id, name, tier from {{ source('till', 'customers') }}
