"""A timetable as an argument of its own.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.timetables.trigger import CronTriggerTimetable

with DAG("timetable", timetable=CronTriggerTimetable("0 5 * * *", timezone="UTC"), start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work")
