"""A session with Airflow's database in a task.

on 3.3.1: run
found by: database
"""

from datetime import datetime

from airflow import DAG
from airflow.models import DagRun
from airflow.settings import Session
from airflow.operators.python import PythonOperator


def work(**context):
    with Session() as session:
        return session.query(DagRun).count()


with DAG("session", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
