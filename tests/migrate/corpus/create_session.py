"""A session, by its usual helper.

on 3.3.1: run
found by: database
"""

from datetime import datetime

from airflow import DAG
from airflow.models import TaskInstance
from airflow.utils.session import create_session
from airflow.operators.python import PythonOperator


def work(**context):
    with create_session() as session:
        return session.query(TaskInstance).count()


with DAG("create_session", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
