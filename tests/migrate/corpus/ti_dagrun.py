"""The run of a task instance, out of the database.

on 3.3.1: run
found by: context-attribute
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(**context):
    return context["ti"].get_dagrun().run_id


with DAG("ti_dagrun", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
