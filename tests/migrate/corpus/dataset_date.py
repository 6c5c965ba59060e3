"""The date of a run that a dataset starts.

on 3.3.1: run asset
found by: no-logical-date
"""

from datetime import datetime

from airflow import DAG

try:
    from airflow.sdk import Asset as Dataset
except ImportError:
    from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

with DAG("dataset_date", schedule=[Dataset("s3://bucket/orders")], start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command="echo {{ ds }}")
