{{ begin('wort') }} select made + 1 as made from {{ ref('yeast') }}
