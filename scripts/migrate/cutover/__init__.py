"""DAG by DAG from the old environment to the new one, so that each turn of a schedule runs once."""
