"""How many tasks run, by the old name.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("concurrency", start_date=datetime(2026, 1, 1), catchup=False, schedule=None, concurrency=3):
    EmptyOperator(task_id="work", execution_timeout=timedelta(hours=1))
