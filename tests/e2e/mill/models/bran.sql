{{ begin('bran') }} select made + 1 as made from {{ ref('grain') }}
