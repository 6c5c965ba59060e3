"""The table of missed SLAs.

on 3.3.1: import
found by: import
"""

from datetime import datetime

from airflow import DAG
from airflow.models import SlaMiss
from airflow.operators.empty import EmptyOperator

with DAG("sla_miss", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=SlaMiss.__name__)
