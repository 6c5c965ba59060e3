"""A schedule by its old name.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("schedule_interval", start_date=datetime(2026, 1, 1), catchup=False, schedule_interval="@daily"):
    EmptyOperator(task_id="work", execution_timeout=timedelta(hours=1))
