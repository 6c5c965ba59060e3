select 1 as a_row_that_fails
