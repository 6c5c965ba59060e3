"""What the maintenance DAG runs in an environment's own Airflow: files that are shipped as one, none imports ours."""
