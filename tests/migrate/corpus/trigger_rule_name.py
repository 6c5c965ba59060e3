"""A trigger rule, by its old member.

on 3.3.1: import
found by: AIR301
"""

from datetime import datetime

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.utils.trigger_rule import TriggerRule

with DAG("trigger_rule_name", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    EmptyOperator(task_id="work", trigger_rule=TriggerRule.NONE_FAILED_OR_SKIPPED)
