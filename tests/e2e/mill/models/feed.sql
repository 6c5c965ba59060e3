{{ begin('feed') }} select made + 1 as made from {{ ref('bran') }}
