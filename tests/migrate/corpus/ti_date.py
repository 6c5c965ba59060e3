"""The date of a task instance.

on 3.3.1: run
found by: context-attribute
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(**context):
    return str(context["ti"].execution_date)


with DAG("ti_date", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
