{{ begin('bread') }} select made + 1 as made from {{ ref('flour') }}
