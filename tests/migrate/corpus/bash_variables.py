"""Airflow's command line in Bash.

on 3.3.1: run
found by: airflow-command
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("bash_variables", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command='echo begin && airflow variables set answer 42', append_env=True)
