"""Airflow's command line, run by Python.

on 3.3.1: run
found by: airflow-command
"""

from datetime import datetime

import subprocess

from airflow import DAG
from airflow.operators.python import PythonOperator


def work(**context):
    return subprocess.run(["airflow", "dags", "list"], check=True).returncode


with DAG("airflow_command", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
