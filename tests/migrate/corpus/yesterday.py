"""Yesterday, out of the context.

on 3.3.1: run
found by: context-key
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(**context):
    return str(context["yesterday_ds"])


with DAG("yesterday", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
