"""Reckon the loyalty programme's points whenever the shop's orders and customers are new."""

from datetime import datetime

from airflow import DAG

from mwaa_dbt import alerts, asset, dbt_group

with DAG(
    "loyalty",
    schedule=[asset("jaffle_shop", "orders"), asset("jaffle_shop", "customers")],
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "marketing"},
    tags=["dbt", "loyalty"],
    **alerts(),
):
    dbt_group("loyalty")
