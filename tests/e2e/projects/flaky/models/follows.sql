select * from {{ ref('recovers') }}
