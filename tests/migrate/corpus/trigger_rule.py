"""A trigger rule, by its old name.

on 3.3.1: import
found by: trigger-rule
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("trigger_rule", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work", trigger_rule="none_failed_or_skipped")
