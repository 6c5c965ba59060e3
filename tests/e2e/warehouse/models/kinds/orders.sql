{{ config(materialized='incremental', unique_key='order_id', tags=['changing']) }}
select order_id, customer_id, amount, status, changed_at from {{ ref('stg_orders') }}
{% if is_incremental() %}where changed_at >= (select max(changed_at) from {{ this }}){% endif %}
