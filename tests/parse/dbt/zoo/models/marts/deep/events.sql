select * from {{ ref('orders', v=1) }} union select * from {{ ref('inline_tested') }}
