select 21 as amount
