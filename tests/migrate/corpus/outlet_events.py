"""The events of an outlet, by its address.

on 3.3.1: run
found by: asset-events
"""

from datetime import datetime

from airflow import DAG

try:
    from airflow.sdk import Asset as Dataset
except ImportError:
    from airflow.datasets import Dataset
from airflow.operators.python import PythonOperator


def work(*, outlet_events):
    outlet_events["s3://bucket/orders"].extra = {"rows": 7}


with DAG("outlet_events", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work, outlets=[Dataset("s3://bucket/orders")])
