"""Build the whole jaffle_shop every morning: one task per seed, model, snapshot and its tests."""

from datetime import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

from mwaa_dbt import alerts, dbt_group

with DAG(
    "jaffle_shop",
    schedule="0 5 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "analytics"},
    tags=["dbt", "jaffle_shop"],
    **alerts(),
):
    start, end = EmptyOperator(task_id="start"), EmptyOperator(task_id="end", trigger_rule="none_failed")
    start >> dbt_group("jaffle_shop") >> end
