"""Operating a running environment: Airflow's REST API, its CLI and its logs, through MWAA."""
