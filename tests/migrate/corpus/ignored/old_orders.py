"""A file that is hidden from Airflow 2.

on 3.3.1: differs
found by: airflowignore
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("old_orders", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work")
