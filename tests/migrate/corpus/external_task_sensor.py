"""A sensor of another DAG, by its old address.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.sensors.external_task_sensor import ExternalTaskSensor

with DAG("external_task_sensor", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=ExternalTaskSensor.__name__)
