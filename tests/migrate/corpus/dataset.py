"""A dataset, before it was an asset.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.empty import EmptyOperator

with DAG("dataset", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work", outlets=[Dataset("s3://bucket/table")])
