"""The configuration, in a template.

on 3.3.1: run
found by: context-key
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("template_conf", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command='echo {{ conf.get("core", "dags_folder") }}', append_env=True)
