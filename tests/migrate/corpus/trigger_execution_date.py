"""A DAG started for a date, by the old name.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.operators.empty import EmptyOperator

with DAG("trigger_execution_date", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work")
    TriggerDagRunOperator(task_id="start", trigger_dag_id="base_hook", execution_date="2025-12-31T00:00:00+00:00")
