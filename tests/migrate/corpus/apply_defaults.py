"""An operator of one's own with the decorator of Airflow 1.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.models import BaseOperator
from airflow.utils.decorators import apply_defaults


class Own(BaseOperator):
    @apply_defaults
    def __init__(self, **given):
        super().__init__(**given)

    def execute(self, context):
        return 1


with DAG("apply_defaults", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    Own(task_id="work")
