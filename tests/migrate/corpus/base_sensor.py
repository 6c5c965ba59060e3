"""The base of sensors, by its old address.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.sensors.base_sensor_operator import BaseSensorOperator

with DAG("base_sensor", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=BaseSensorOperator.__name__)
