"""Pools, read by their class.

on 3.3.1: run
found by: database
"""

from datetime import datetime

from airflow import DAG
from airflow.models import Pool
from airflow.operators.python import PythonOperator


def work(**context):
    return len(Pool.get_pools())


with DAG("pools", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
