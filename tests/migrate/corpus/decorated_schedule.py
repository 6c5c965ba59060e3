"""A decorated DAG with its schedule by the old name.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow.decorators import dag, task


@dag(schedule_interval=None, start_date=datetime(2026, 1, 1), catchup=False)
def decorated_schedule():
    @task
    def work():
        return 1

    work()


decorated_schedule()
