"""Why a task failed, in dbt's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scripts.local.api import Api

PRODUCER = "dbt_producer_watcher"
COLOUR = re.compile(r"\x1b\[[\d;]*m")
TIME = re.compile(r"^\d\d:\d\d:\d\d\s*")
BEGINNING = re.compile(
    r"(Database|Compilation|Runtime|Parsing|Internal) Error|Failure in (unit_)?test|ProjectError:|^\w*Error:"
)
FINE = ("success", "pass", "warn", "skipped")
LONGEST = 12  # lines of one cause


def cause(api: Api, run: str, instance: dict[str, Any], tests: Mapping[str, list[str]]) -> str:
    """Return what made a task fail: what dbt said in its own log, else what the producer heard of its node."""
    dag, task = instance["dag_id"], instance["task_id"]
    lines = api.log(dag, run, task, instance["try_number"])
    told = _from_log(lines)
    if not told and (node := re.search(r"'((?:model|seed|snapshot)\.[\w.]+)'", "\n".join(lines))):
        producer = re.search(rf"'([\w.-]+\.{PRODUCER})'", "\n".join(lines))
        where = f"dags/{dag}/dagRuns/{run}/taskInstances/{producer[1] if producer else task}/xcomEntries"
        told = list(filter(None, (_told(api, where, one) for one in (node[1], *tests.get(node[1], [])))))
    return "\n".join(told) or "see its log: mwaa local logs <task>"


def _told(api: Api, xcoms: str, node: str) -> str | None:
    """Return what dbt said of a node or test that failed; Cosmos keeps no status where dbt tells a failure's text."""
    found = api.call("GET", f"{xcoms}/{node.replace('.', '__')}_dbt_event", params={"deserialize": "true"})
    event = found["value"] if found else None
    if not isinstance(event, dict) or not event.get("msg") or event.get("status") in FINE:
        return None
    kind, _, name = node.split(".", 2)
    text = str(event["msg"]).strip()
    return f"{name.split('.')[0]}: {text}" if kind in ("test", "unit_test") else text


def _from_log(lines: list[str]) -> list[str]:
    clean = [TIME.sub("", COLOUR.sub("", line)).rstrip() for line in lines]
    # Each failure of a dbt command has a paragraph of its own; a paragraph may have more than one such line.
    found = [_paragraph(clean[number:]) for number, line in enumerate(clean) if BEGINNING.search(line)]
    whole = [text for text in found if not any(text != other and text in other for other in found)]
    return list(dict.fromkeys(whole))


def _paragraph(lines: list[str]) -> str:
    kept = lines[:1]
    for line in lines[1:LONGEST]:
        if not line.strip() or line.startswith(("Done.", "::")) or "compiled code at" in line:
            break
        kept.append(line)
    return "\n".join(kept)
