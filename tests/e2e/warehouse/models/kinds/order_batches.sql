{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ordered_at', batch_size='year',
          begin='2026-01-01', lookback=1, concurrent_batches=false) }}
select order_id, ordered_at, amount from {{ ref('stg_orders') }}
