select product_id, product_name, {{ in_cents('price') }} as cents from {{ ref('raw_products') }}
