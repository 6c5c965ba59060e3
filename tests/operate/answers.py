"""What Airflow answers, in the fields of its REST API 1 (Airflow 2) and 2 (Airflow 3), of the same few facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BEGAN, ENDED = "2026-11-20T05:00:03.250000+00:00", "2026-11-20T05:02:05.500000+00:00"


@dataclass
class Task:
    """A task instance."""

    id: str
    state: str | None = "success"
    attempt: int = 1
    map_index: int = -1
    log: list[dict[str, Any]] = field(default_factory=list)
    start: str | None = BEGAN
    end: str | None = ENDED


@dataclass
class Run:
    """A DAG run; `later` are states that it takes, one for each time that it is looked at."""

    id: str
    state: str = "success"
    start: str | None = BEGAN
    end: str | None = ENDED
    conf: dict[str, Any] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    logical_date: str | None = "2026-11-20T05:00:00+00:00"


@dataclass
class Dag:
    """A DAG with its runs, the newest first."""

    id: str
    paused: bool = False
    schedule: str | None = "0 5 * * *"
    runs: list[Run] = field(default_factory=list)
    there: bool = True
    broken: bool = False
    tags: tuple[str, ...] = ()


def dag(one: Dag, is_2: bool) -> dict[str, Any]:
    """Return a DAG."""
    common = {"dag_id": one.id, "is_paused": one.paused, "has_import_errors": one.broken}
    common["tags"] = [{"name": name} for name in one.tags]
    coming = "2026-11-21T05:00:00+00:00" if one.schedule else None
    if is_2:
        interval = {"__type": "CronExpression", "value": one.schedule} if one.schedule else None
        return {
            **common,
            "is_active": one.there,
            "schedule_interval": interval,
            "next_dagrun": "2026-11-20T05:00:00+00:00",
            "next_dagrun_create_after": coming,
        }
    return {
        **common,
        "is_stale": not one.there,
        "timetable_summary": one.schedule,
        "next_dagrun_logical_date": coming,
        "next_dagrun_run_after": coming,
    }


def run(owner: Dag, one: Run, is_2: bool) -> dict[str, Any]:
    """Return a run."""
    found = {
        "dag_id": owner.id,
        "dag_run_id": one.id,
        "state": one.state,
        "run_type": "manual",
        "start_date": one.start,
        "end_date": one.end,
        "conf": one.conf,
        "logical_date": one.logical_date,
    }
    return found | ({"execution_date": one.logical_date} if is_2 else {"run_after": one.logical_date or BEGAN})


def task(owner: Dag, in_run: Run, one: Task, is_2: bool) -> dict[str, Any]:
    """Return a task instance."""
    found = {
        "task_id": one.id,
        "dag_id": owner.id,
        "dag_run_id": in_run.id,
        "map_index": one.map_index,
        "state": one.state,
        "try_number": one.attempt,
        "start_date": one.start,
        "end_date": one.end,
    }
    # Only Airflow 3 has an id; each try has another.
    return found if is_2 else {**found, "id": f"{one.id}-{one.map_index}-{one.attempt}"}


def log(lines: list[dict[str, Any]], is_2: bool) -> dict[str, Any]:
    """Return a task's log: text of Python's own in Airflow 2, events in 3."""
    if is_2:
        text = "\n".join(f"[{line.get('timestamp', '')}] {line['event']}" for line in lines)
        return {"content": str([("ip-10-0-0-1.ec2.internal", text)]), "continuation_token": "t"}
    return {"content": lines, "continuation_token": None}
