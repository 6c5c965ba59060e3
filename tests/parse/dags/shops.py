"""Two groups of one project, one of another, and tasks of the DAG file's own."""

from datetime import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

from mwaa_dbt import dbt_group
from mwaa_dbt.airflow_sdk import TaskGroup, task

with DAG("shops", schedule=None, start_date=datetime(2026, 1, 1)):
    first = dbt_group("jaffle_shop", select=["+orders"], group_id="daily")
    second = dbt_group("jaffle_shop", select=["+customers"], group_id="weekly", tests="after_each")
    with TaskGroup("outer") as outer:
        dbt_group("zoo", exclude=["package:den"], folders="folder")
    first >> second >> outer >> EmptyOperator(task_id="end")

    @task  # type: ignore[untyped-decorator]
    def number(one: int) -> int:
        """Return a number."""
        return one

    with TaskGroup("mine"):
        number.expand(one=[1, 2])
