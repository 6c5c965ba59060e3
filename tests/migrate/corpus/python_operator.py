"""The Python operator of Airflow 1.10.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.python_operator import PythonOperator

with DAG("python_operator", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=lambda: 1)
