"""A DAG inside a DAG.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.subdag import SubDagOperator

with DAG("subdag", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=SubDagOperator.__name__)
