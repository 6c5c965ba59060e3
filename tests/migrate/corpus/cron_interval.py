"""The data interval of a daily DAG.

on 3.3.1: differs
found by: cron-interval
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("cron_interval", schedule="0 0 * * *", start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command='echo {{ data_interval_start }} {{ data_interval_end }}', append_env=True)
