"""A value that any task may have pushed, in a template.

on 3.3.1: differs
found by: xcom-pull
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator


def push(ti):
    ti.xcom_push(key="rows", value=7)


with DAG("xcom_template", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="push", python_callable=push) >> BashOperator(
        task_id="pull", bash_command="echo {{ ti.xcom_pull(key='rows') }}"
    )
