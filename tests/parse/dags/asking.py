"""A DAG file that asks for one task of a group."""

from datetime import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

from mwaa_dbt import dbt_group

with DAG("asking", schedule=None, start_date=datetime(2026, 1, 1)) as dag:
    group = dbt_group("jaffle_shop")
    dag.get_task("jaffle_shop.orders") >> EmptyOperator(task_id="mine")
