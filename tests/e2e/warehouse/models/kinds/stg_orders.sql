{{ config(event_time='ordered_at') }}
select order_id, customer_id, amount, status, ordered_at, changed_at from {{ source('till', 'orders') }}
