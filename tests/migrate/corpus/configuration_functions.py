"""Functions of the configuration, imported without conf.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.configuration import getboolean
from airflow.operators.empty import EmptyOperator

with DAG("configuration_functions", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=f"work_{getboolean('core', 'load_examples')}")
