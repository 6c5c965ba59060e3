"""The base of database hooks, before it moved to a provider.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.hooks.dbapi import DbApiHook
from airflow.operators.empty import EmptyOperator

with DAG("dbapi_hook", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=DbApiHook.__name__)
