"""A check of SQL, before it moved to a provider.

on 3.3.1: import
found by: AIR302
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.sql import SQLCheckOperator
from airflow.operators.empty import EmptyOperator

with DAG("sql_operator", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=SQLCheckOperator.__name__)
