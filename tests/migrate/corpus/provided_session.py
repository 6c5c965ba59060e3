"""A helper that is given a session.

on 3.3.1: run
found by: database
"""

from datetime import datetime

from airflow import DAG
from airflow.models import DagRun
from airflow.utils.session import provide_session
from airflow.operators.python import PythonOperator


@provide_session
def runs(session=None):
    return session.query(DagRun).count()


def work(**context):
    return runs()


with DAG("provided_session", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
