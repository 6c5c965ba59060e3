{{ config(materialized='table', alias='legacy_products') }}
select product_id, product_name from {{ ref('stg_products') }}
