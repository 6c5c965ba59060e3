"""`mwaa migrate check`: what a later version of Airflow does to DAGs, requirements and options that work today."""
