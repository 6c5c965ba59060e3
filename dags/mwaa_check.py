"""Prove what a container holds: `mwaa deploy` runs this after an update of the environment."""

from airflow import DAG

from mwaa_dbt.check import container

with DAG("mwaa_check", schedule=None, is_paused_upon_creation=False, default_args={"retries": 0}, tags=["mwaa"]):
    container()
