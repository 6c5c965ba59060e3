"""A callback of success, of a task that skips itself.

on 3.3.1: differs
found by: success-callback
"""

import os
from datetime import datetime
from pathlib import Path

from airflow import DAG
from airflow.exceptions import AirflowSkipException
from airflow.operators.python import PythonOperator


def work():
    raise AirflowSkipException("nothing to do")


def note(context):
    with Path(os.environ["NOTES"]).open("a") as file:
        file.write("success\n")


with DAG("skipped_success", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work, on_success_callback=note)
