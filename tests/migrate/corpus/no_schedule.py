"""A DAG that leaves its schedule out.

on 3.3.1: differs
found by: AIR002
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("no_schedule", start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work")
