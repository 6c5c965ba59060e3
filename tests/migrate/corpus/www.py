"""A part of the old web server.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.www import auth

with DAG("www", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=auth.__name__)
