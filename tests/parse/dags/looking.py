"""A task of the DAG file's own that looks at a whole group, and that is called as a node of it is."""

from datetime import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

from mwaa_dbt import dbt_group
from mwaa_dbt.airflow_sdk import TaskGroup

with DAG("looking", schedule=None, start_date=datetime(2026, 1, 1)):
    group = dbt_group("jaffle_shop")
    with TaskGroup("checks"):
        EmptyOperator(task_id="orders", doc=f"{len(group.children)} tasks")
