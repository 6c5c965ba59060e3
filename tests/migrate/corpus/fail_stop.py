"""Stop at the first failure, by the old name.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("fail_stop", start_date=datetime(2026, 1, 1), catchup=False, schedule=None, fail_stop=True):
    EmptyOperator(task_id="work", execution_timeout=timedelta(hours=1))
