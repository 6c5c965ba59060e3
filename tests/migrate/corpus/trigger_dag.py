"""A DAG started by a function of Airflow's own.

on 3.3.1: run
found by: database
"""

from datetime import datetime

from airflow import DAG
from airflow.api.common.trigger_dag import trigger_dag
from airflow.operators.python import PythonOperator


def work(**context):
    return trigger_dag(dag_id="trigger_dag", run_id="another").run_id


with DAG("trigger_dag", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
