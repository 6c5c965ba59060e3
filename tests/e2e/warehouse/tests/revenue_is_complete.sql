{{ config(tags=['sampled']) }}
select 1 as differs
from (select sum(amount) as amount from {{ ref('revenue_report') }}) as a, (select sum(amount) as amount from {{ ref('orders') }}) as b
where a.amount <> b.amount
