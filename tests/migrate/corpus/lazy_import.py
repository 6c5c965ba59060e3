"""An import that only a task gets to.

on 3.3.1: run
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(**context):
    from airflow.utils.dates import days_ago

    return str(days_ago(1))


with DAG("lazy_import", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
