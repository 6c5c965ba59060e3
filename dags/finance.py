"""Refresh what finance reads, every hour: the models tagged finance and what they need, then all tests."""

from datetime import datetime

from airflow import DAG

from mwaa_dbt import alerts, dbt_group

with DAG(
    "finance",
    schedule="15 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "finance"},
    tags=["dbt", "finance"],
    **alerts(),
):
    dbt_group("jaffle_shop", select=["+tag:finance"], tests="after_all")
