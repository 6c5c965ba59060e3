"""An operator that starts a DAG, by its old address.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.dagrun_operator import TriggerDagRunOperator
from airflow.operators.empty import EmptyOperator

with DAG("dagrun_operator", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=TriggerDagRunOperator.__name__)
