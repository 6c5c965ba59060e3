"""Why a task failed, in the words that its log ends with."""

from __future__ import annotations

from typing import Any

from scripts.local.api import Api

LAST = 5  # lines of a log that ends without an error, as that of a killed task does


def cause(api: Api, run: str, instance: dict[str, Any]) -> str:
    """Return what made a task fail: its own error, else the end of its log."""
    dag, task = instance["dag_id"], instance["task_id"]
    lines = api.log(dag, run, task, instance["try_number"])
    told = [line.error for line in lines if line.error]
    last = [line.text for line in lines if line.text and not line.text.startswith("::")][-LAST:]
    return told[-1] if told else "\n".join(last) or f"see its log: mwaa local logs {task}"
