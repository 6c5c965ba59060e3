"""An option of the old web server, asked for at parse time.

on 3.3.1: import
found by: option-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.configuration import conf
from airflow.operators.empty import EmptyOperator

with DAG("gone_option", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=conf.get("webserver", "worker_class"))
