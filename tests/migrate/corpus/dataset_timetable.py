"""A schedule of datasets or time.

on 3.3.1: import
found by: module-gone
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.timetables.datasets import DatasetOrTimeSchedule

with DAG("dataset_timetable", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id=DatasetOrTimeSchedule.__name__)
