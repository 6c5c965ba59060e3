"""How many instances of a task run, by the old name.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("task_concurrency", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work", task_concurrency=1)
