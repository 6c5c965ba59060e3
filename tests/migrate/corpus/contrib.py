"""A hook of Airflow 1.10, by its old address.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.contrib.hooks.aws_hook import AwsBaseHook
from airflow.operators.python import PythonOperator

with DAG("contrib", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=lambda: AwsBaseHook.__name__)
