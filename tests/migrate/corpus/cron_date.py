"""The date of a daily DAG.

on 3.3.1: differs
found by: cron-interval
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("cron_date", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command='echo {{ ds }}', append_env=True)
