"""The last run of a DAG.

on 3.3.1: run
found by: context-attribute
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(**context):
    return str(context["dag"].get_latest_execution_date())


with DAG("last_dagrun", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
