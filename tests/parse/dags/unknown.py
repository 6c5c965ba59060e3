"""A DAG file that is wrong."""

from datetime import datetime

from mwaa_dbt import dbt_group
from mwaa_dbt.airflow_sdk import DAG

with DAG("unknown", schedule=None, start_date=datetime(2026, 1, 1)):
    dbt_group("jaffle_shopp")
