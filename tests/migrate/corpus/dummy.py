"""The operator that does nothing, by its first name.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.dummy import DummyOperator

with DAG("dummy", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    DummyOperator(task_id="work")
