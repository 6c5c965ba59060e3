{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day', tags=['changing']) }}
select ordered_at as day, count(*) as orders from {{ ref('stg_orders') }} group by ordered_at
