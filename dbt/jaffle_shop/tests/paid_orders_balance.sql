-- A completed order is paid to the cent; a returned one has all its money given back.
select
    order_id,
    status,
    order_total,
    amount_paid
from {{ ref('orders') }}
where
    (status = 'completed' and amount_paid <> order_total)
    or (status = 'returned' and amount_paid <> 0)
