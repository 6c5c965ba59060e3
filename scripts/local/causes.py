"""Why a task failed, in dbt's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scripts.local.api import Api

PRODUCER = "dbt_producer_watcher"
# The last words of dbt's command; the cause stands above.
NOISE = re.compile(r"^(\x1b\[\d*m)*(\d\d:\d\d:\d\d\s*)?")
BEGINNING = re.compile(
    r"(Database|Compilation|Runtime|Parsing|Internal) Error|Failure in test|ProjectError:|^\w*Error:"
)
LONGEST = 12  # lines of one cause


def cause(api: Api, run: str, instance: dict[str, Any], tests: Mapping[str, list[str]]) -> str:
    """Return what made a task fail: what the producer heard of its node, else what its own log says."""
    dag, task = instance["dag_id"], instance["task_id"]
    lines = api.log(dag, run, task, instance["try_number"])
    if node := re.search(r"'((?:model|seed|snapshot)\.[\w.]+)'", "\n".join(lines)):
        events = (_event(api, dag, run, task, one) for one in (node[1], *tests.get(node[1], [])))
        if told := [str(event["msg"]).strip() for event in events if event and event["status"] in ("error", "fail")]:
            return "\n".join(told)
    return _from_log(lines)


def _event(api: Api, dag: str, run: str, task: str, node: str) -> dict[str, Any] | None:
    producer = f"{task.split('.', maxsplit=1)[0]}.{PRODUCER}"
    found = api.xcom(dag, run, producer, f"{node.replace('.', '__')}_dbt_event")
    return found if isinstance(found, dict) and found.get("msg") else None


def _from_log(lines: list[str]) -> str:
    clean = [NOISE.sub("", line).rstrip() for line in lines]
    begun = next((number for number, line in enumerate(clean) if BEGINNING.search(line)), None)
    if begun is None:
        return "see its log: mwaa local logs <task>"
    kept = [clean[begun]]
    for line in clean[begun + 1 : begun + LONGEST]:
        if not line.strip() or line.startswith(("Done.", "::")) or "compiled code at" in line:
            break
        kept.append(line)
    return "\n".join(kept)
