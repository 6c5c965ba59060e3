{{ config(tags=['sampled']) }}
select day from {{ ref('order_days') }} where orders > (select count(*) from {{ ref('Legacy_Orders') }})
