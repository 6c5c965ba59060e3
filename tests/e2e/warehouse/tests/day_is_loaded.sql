select 1 as missing from (select count(*) as days from {{ target.schema }}_till.days) where days = 0
