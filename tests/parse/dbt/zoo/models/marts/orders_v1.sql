select * from {{ ref('inline') }}
