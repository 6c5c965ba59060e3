select
    points.customer_id,
    customers.customer_name,
    customers.email,
    points.points,
    case when points.points >= 150 then 'gold' else 'silver' end as voucher
from {{ ref('points') }} as points
inner join {{ source('jaffle_shop', 'customers') }} as customers on points.customer_id = customers.customer_id
where points.points >= 75
