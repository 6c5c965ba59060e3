"""Two DAGs with a group of one project each, of the same name."""

from datetime import datetime

from airflow import DAG

from mwaa_dbt import dbt_group

for name in ("one", "two"):
    with DAG(name, schedule=None, start_date=datetime(2026, 1, 1)):
        dbt_group("jaffle_shop")
