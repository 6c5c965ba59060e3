{{ fail_once('recovers') }} select 1 as id
