"""`mwaa migrate`: from an old environment to a new one, of the same version of Airflow or of a later one."""
