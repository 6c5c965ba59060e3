"""A value that any task may have pushed.

on 3.3.1: differs
found by: xcom-pull
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator


def push(ti):
    ti.xcom_push(key="rows", value=7)


def pull(ti):
    return ti.xcom_pull(key="rows")


with DAG("xcom_pull", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="push", python_callable=push) >> PythonOperator(task_id="pull", python_callable=pull)
