select * from {{ ref('daily') }} join {{ ref('events') }} using (id) where false
