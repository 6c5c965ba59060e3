"""Tasks that do nothing, none after another; their number stands in a JSON file beside this one."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

file = Path(__file__)


def nothing() -> None:
    """Do nothing; Airflow would not even start an EmptyOperator."""


with DAG(file.stem, schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    for number in range(json.loads(file.with_suffix(".json").read_text())["tasks"]):
        PythonOperator(task_id=f"task_{number:05}", python_callable=nothing)
