select id from {{ ref('daily') }}
