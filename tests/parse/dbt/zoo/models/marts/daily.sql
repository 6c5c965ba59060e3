select o.id from {{ ref('orders') }} o join {{ ref('stg_animals') }} a using (id)
