"""Whether a person started the run.

on 3.3.1: run
found by: context-attribute
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(**context):
    return context["dag_run"].external_trigger


with DAG("external_trigger", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
