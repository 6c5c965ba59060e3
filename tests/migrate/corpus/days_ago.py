"""A start date that moves.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.utils.dates import days_ago

with DAG("days_ago", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=f"work_{days_ago(2):%H}")
