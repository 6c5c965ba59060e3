"""Programs that run in dbt's virtualenv, started by tasks; nothing here is imported by Airflow."""
