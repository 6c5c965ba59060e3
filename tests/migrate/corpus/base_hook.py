"""The base of hooks, by its old address.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.hooks.base_hook import BaseHook
from airflow.operators.empty import EmptyOperator

with DAG("base_hook", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=BaseHook.__name__)
