{{ wait(25) }} select 1 as id
