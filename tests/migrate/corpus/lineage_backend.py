"""A backend of lineage.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.lineage.backend import LineageBackend
from airflow.operators.empty import EmptyOperator

with DAG("lineage_backend", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=LineageBackend.__name__)
