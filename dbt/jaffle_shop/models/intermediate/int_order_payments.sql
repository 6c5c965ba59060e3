{% set methods = ['card', 'cash', 'gift_card'] %}

with orders as (

    select * from {{ ref('stg_orders') }}

),

payments as (

    select * from {{ ref('stg_payments') }}

),

pivoted as (

    select
        orders.order_id,
        {% for method in methods %}
            sum(iff(payments.payment_method = '{{ method }}', payments.amount, 0)) as {{ method }}_amount,
        {% endfor %}
        sum(iff(payments.is_refund, -payments.amount, 0)) as refunded_amount,
        sum(coalesce(payments.amount, 0)) as amount_paid
    from orders
    left join payments on orders.order_id = payments.order_id
    group by orders.order_id

)

select * from pivoted
