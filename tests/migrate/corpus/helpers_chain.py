"""chain, by its old address.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.utils.helpers import chain

with DAG("helpers_chain", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    chain(EmptyOperator(task_id="one"), EmptyOperator(task_id="two"))
