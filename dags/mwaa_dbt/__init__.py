"""dbt projects as Airflow task groups, on Amazon MWAA."""
