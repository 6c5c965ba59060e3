"""Two DAGs with a group of one project each, of the same name."""

from datetime import datetime

from mwaa_dbt import dbt_group
from mwaa_dbt.airflow_sdk import DAG

for name in ("one", "two"):
    with DAG(name, schedule=None, start_date=datetime(2026, 1, 1)):
        dbt_group("jaffle_shop")
