{{ begin('grain') }} select 1 as made
