"""The old name of a run's date, asked for politely.

on 3.3.1: differs
found by: context-key
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(**context):
    return str(context.get("execution_date"))[:10]


with DAG("context_get", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
