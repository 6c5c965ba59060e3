"""Why a task failed, in the words that its log ends with."""

from __future__ import annotations

from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.airflow.lines import last, raised
from scripts.airflow.rest import Airflow

LAST = 5  # lines of a log that ends without an error, as that of a killed task does


def cause(airflow: Airflow, instance: dict[str, Any]) -> str:
    """Return what made a task fail: its own error, else the end of its log; never raises."""
    names = {"dag": instance["dag_id"], "run": instance["dag_run_id"], "task": instance["task_id"]}
    command = airflow.logs.format(**names)
    try:
        lines = airflow.log(instance)
    except ProjectError as error:
        return f"{error.what} `{command}` reads its log"
    told = [line.error for line in lines if line.error] or [*filter(None, [raised(lines)])]
    return told[-1] if told else "\n".join(line.text for line in last(lines, LAST)) or f"see its log: `{command}`"
