"""Refresh what finance reads, every hour: the models tagged finance and what they need, then all tests."""

from datetime import datetime

from airflow.sdk import DAG

from mwaa_dbt import dbt_group, failure

with DAG(
    "finance",
    schedule="15 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "finance"},
    tags=["dbt", "finance"],
    on_failure_callback=failure(),
):
    dbt_group("jaffle_shop", select=["+tag:finance"], tests="after_all")
