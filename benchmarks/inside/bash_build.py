"""A dbt project as one task, `dbt build` in a shell; the command stands in a JSON file beside this one."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

file = Path(__file__)
given = json.loads(file.with_suffix(".json").read_text())

with DAG(file.stem, schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    BashOperator(
        task_id="dbt_build",
        bash_command=given["command"],
        cwd=given["folder"],
        env=given["environment"],
        append_env=True,
    )
