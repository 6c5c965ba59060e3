{{ wait_for('follows', 180) }} select 1 as id
