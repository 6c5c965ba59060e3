"""The date of a run, in a template.

on 3.3.1: run
found by: context-attribute
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("template_run", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command='echo {{ dag_run.execution_date }}', append_env=True)
