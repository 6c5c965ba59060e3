"""The direction of the old graph.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("orientation", start_date=datetime(2026, 1, 1), catchup=False, schedule=None, orientation="LR"):
    EmptyOperator(task_id="work", execution_timeout=timedelta(hours=1))
