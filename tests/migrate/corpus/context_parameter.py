"""The old name of a run's date, as a parameter.

on 3.3.1: run
found by: context-key
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(execution_date):
    return str(execution_date)


with DAG("context_parameter", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
