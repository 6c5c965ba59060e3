"""The Bash operator of Airflow 1.10.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.bash_operator import BashOperator

with DAG("bash_operator", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(task_id="work", bash_command="true")
