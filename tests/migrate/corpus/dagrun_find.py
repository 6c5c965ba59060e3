"""Runs of a DAG, found by its class.

on 3.3.1: run
found by: database
"""

from datetime import datetime

from airflow import DAG
from airflow.models import DagRun
from airflow.operators.python import PythonOperator


def work(**context):
    return len(DagRun.find(dag_id="dagrun_find"))


with DAG("dagrun_find", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
