"""A DAG file that is wrong."""

from datetime import datetime

from airflow import DAG

from mwaa_dbt import dbt_group

with DAG("taken", schedule=None, start_date=datetime(2026, 1, 1)):
    [dbt_group("jaffle_shop") for _ in range(2)]
