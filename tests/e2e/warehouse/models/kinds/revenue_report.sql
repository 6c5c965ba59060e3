{{ config(materialized='table', tags=['changing'], post_hook="insert into {{ this }} values (-1, 0)") }}
select customer_id, amount from {{ ref('revenue') }}
