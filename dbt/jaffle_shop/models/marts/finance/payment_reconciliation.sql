with orders as (

    select * from {{ ref('orders') }}

),

payments as (

    select * from {{ ref('int_order_payments') }}

),

compared as (

    select
        orders.order_id,
        orders.status,
        orders.ordered_on,
        orders.order_total,
        payments.card_amount,
        payments.cash_amount,
        payments.gift_card_amount,
        payments.amount_paid,
        iff(orders.status = 'completed', orders.order_total, 0) as amount_due
    from orders
    inner join payments on orders.order_id = payments.order_id

)

select
    *,
    amount_due - amount_paid as amount_open
from compared
