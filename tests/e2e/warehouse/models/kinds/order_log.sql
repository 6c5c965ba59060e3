{{ config(materialized='incremental', incremental_strategy='append', tags=['changing']) }}
select order_id, status, (select max(day) from {{ target.schema }}_till.days) as day from {{ ref('stg_orders') }}
