"""One DAG run, watched task by task, in the rehearsal or on MWAA."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scripts.airflow.causes import cause
from scripts.airflow.rest import Airflow
from scripts.console import err, out

COLOURS = {"success": "green", "failed": "red", "upstream_failed": "red", "skipped": "yellow", "running": "cyan"}
DONE = ("success", "failed")
SPARING, LONGEST = 10, 3.0  # times as long without a question as the last one took, and at most so many seconds
OVERLAP = 5.0  # seconds that a change may take from its time stamp to the database
TOLD = 10  # failed tasks whose errors are printed
SETTLED = (*DONE, "skipped", "upstream_failed", "removed")


@dataclass(frozen=True)
class Task:
    """A task instance as it ended: seconds from its first start, and what dbt said if it failed."""

    name: str
    state: str
    seconds: float | None
    error: str | None = None


@dataclass(frozen=True)
class Result:
    """A finished run."""

    dag: str
    run: str
    state: str
    seconds: float
    tasks: list[Task]


def watch(airflow: Airflow, dag: str, run: str) -> Result:
    """Follow a run to its end, live on a terminal, line by line in a log."""
    begun, since, known = time.time(), 0.0, dict[str, dict[str, Any]]()
    with _Progress(dag) as progress:
        while True:
            # The state first: tasks read after a final state are final too.
            asked = time.time()
            state = airflow.state(dag, run)
            known |= {name_of(item): item for item in airflow.tasks(dag, run, 0.0 if state in DONE else since)}
            progress.show([*known.values()], time.time() - begun)
            if state in DONE:
                break
            # What the API server does for us it does not do for the run.
            since = asked - OVERLAP
            time.sleep(min(LONGEST, max(0.5, SPARING * (time.time() - asked))))
    tasks = [_task(airflow, instance) for instance in sorted(known.values(), key=_order)]
    return Result(dag, run, state, time.time() - begun, tasks)


def _order(instance: dict[str, Any]) -> tuple[str, str]:
    return (instance["start_date"] or "9999", instance["task_id"])


def _task(airflow: Airflow, instance: dict[str, Any]) -> Task:
    state = instance["state"] or "none"
    error = cause(airflow, instance) if state == "failed" else None
    return Task(name_of(instance), state, _seconds(instance), error)


def name_of(instance: dict[str, Any]) -> str:
    """Return a task instance's name in its run: its task's, with its number if the task is mapped."""
    number = int(instance.get("map_index", -1))
    return f"{instance['task_id']}[{number}]" if number >= 0 else str(instance["task_id"])


def _seconds(instance: dict[str, Any]) -> float | None:
    if not instance["start_date"] or not instance["end_date"]:
        return None
    times = (datetime.fromisoformat(instance[name]) for name in ("start_date", "end_date"))
    begun, ended = (moment.timestamp() for moment in times)
    return ended - begun


class _Progress:
    """A live table of what runs on a terminal; elsewhere one line per settled task."""

    def __init__(self, dag: str) -> None:
        self.dag, self.told = dag, set[str]()
        self.live = Live(console=err, transient=True, refresh_per_second=4) if err.is_terminal else None

    def __enter__(self) -> _Progress:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            self.live.stop()

    def show(self, instances: list[dict[str, Any]], seconds: float) -> None:
        if self.live:
            self.live.update(_picture(self.dag, instances, seconds))
            return
        for instance in instances:
            if instance["state"] in SETTLED and (name := name_of(instance)) not in self.told:
                self.told.add(name)
                err.print(f"{seconds:6.1f} s  {instance['state']:<16}{name}", markup=False)


def _picture(dag: str, instances: list[dict[str, Any]], seconds: float) -> Group:
    states = Counter(instance["state"] or "waiting" for instance in instances)
    settled = sum(states[state] for state in SETTLED)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    table = Table.grid(padding=(0, 2))
    active = [item for item in instances if item["state"] in ("running", "deferred", "up_for_retry", "failed")]
    # Live redraws what fits on a screen; a longer list would scroll it away.
    for instance in active[: max(3, err.height - 4)]:
        table.add_row(Text(instance["state"], style=COLOURS.get(instance["state"], "")), Text(name_of(instance)))
    return Group(Text(f"{dag}: {settled} of {len(instances)} tasks, {seconds:.0f} s ({counts})"), table)


def report(result: Result, rows: dict[str, int] | None = None) -> Table:
    """Return the table of a finished run; `rows` are the row counts of its models, by name, if they are known."""
    table = Table("task", "state", title=f"{result.dag} · {result.run}")
    for heading in ("seconds",) if rows is None else ("seconds", "rows"):
        table.add_column(heading, justify="right")
    for task in result.tasks:
        seconds = f"{task.seconds:.1f}" if task.seconds is not None else ""
        counts = () if rows is None else (_rows(task, rows),)
        table.add_row(Text(task.name), Text(task.state, style=COLOURS.get(task.state, "")), seconds, *counts)
    return table


def show(result: Result, rows: dict[str, int] | None = None, as_json: bool = False) -> None:
    """Print a finished run, and why tasks of it failed."""
    if as_json:
        out.print_json(json.dumps(as_table(result, rows)))
    else:
        out.print(report(result, rows))
        colour = "green" if result.state == "success" else "red"
        out.print(f"[{colour}]{result.state}[/] · {len(result.tasks)} tasks in {result.seconds:.0f} s")
    for line in errors(result):
        err.print(line, style="red", markup=False)


def as_table(result: Result, rows: dict[str, int] | None = None) -> dict[str, Any]:
    """Return a finished run for a machine; its tasks have row counts if those are known."""
    if rows is None:
        return asdict(result)
    tasks = [{**asdict(task), "rows": int(count) if (count := _rows(task, rows)) else None} for task in result.tasks]
    return {**asdict(result), "tasks": tasks}


def _rows(task: Task, rows: dict[str, int]) -> str:
    # A node's own task is <project>.<node>, or <project>.<node>.run where its tests have one, too; folders may stand
    # between, and groups of the DAG's own before them.
    *groups, node = re.sub(r"\.(run|seed|snapshot)$", "", task.name).split(".")
    known = next((f"{group}.{node}" for group in groups if f"{group}.{node}" in rows), None)
    return str(rows[known]) if known and task.state == "success" else ""


def errors(result: Result) -> list[str]:
    """Return a text per failed task, its name and why; of many only the first, in the order of their start."""
    failed = [task for task in result.tasks if task.error]
    told = [f"{task.name}: {task.error}" for task in failed[:TOLD]]
    more = len(failed) - len(told)
    return [*told, *([f"… and {more} more: `mwaa history --run {result.run}`, or the table above"] if more else [])]
