"""A DAG that does not say whether it catches up.

on 3.3.1: differs
found by: catchup
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("catchup", schedule="@weekly", start_date=datetime(2026, 1, 1)):
    EmptyOperator(task_id="work")
