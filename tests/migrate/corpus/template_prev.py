"""Yesterday, in a template.

on 3.3.1: run
found by: context-key
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("template_prev", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command='echo {{ prev_ds }} {{ yesterday_ds_nodash }}', append_env=True)
