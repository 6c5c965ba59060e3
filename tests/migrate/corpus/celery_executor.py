"""An executor, before it moved to a provider.

on 3.3.1: import
found by: AIR302
"""

from datetime import datetime

from airflow import DAG
from airflow.executors.celery_executor import CeleryExecutor
from airflow.operators.empty import EmptyOperator

with DAG("celery_executor", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=CeleryExecutor.__name__)
