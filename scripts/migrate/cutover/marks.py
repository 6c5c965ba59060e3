"""Runs that one side has done, made known to the other, so that its scheduler goes on after them.

Airflow makes no run for a logical date that has one. What it makes next it reckons from the newest run that a schedule
or a backfill has made: a run by hand does not count. So on Airflow 3 the mark is a backfill of exactly one turn while
the DAG is paused, which no scheduler starts, set to success. Airflow 2 has no such call: there it is a run by hand
(docs/decisions/0021-a-run-is-marked.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import requests

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.model import moment
from scripts.airflow.rest import dag_path, run_path, task_path
from scripts.airflow.run import SETTLED
from scripts.aws import RestError
from scripts.migrate.cutover.times import OURS, Tick, Timed

BIT = timedelta(microseconds=1)
# Airflow refuses a backfill: of a DAG that allows no such runs, by a role that may not.
REFUSED = (requests.codes.bad_request, requests.codes.forbidden, requests.codes.unprocessable_entity)


def as_has(taker: Timed, tick: Tick, before: Sequence[datetime]) -> Tick:
    """Return a turn of the one side as the other side would have made it.

    Args:
        taker: the DAG on the other side.
        tick: the turn.
        before: moments at which the schedule was due, up to that of the turn, in order.
    """
    if taker.next is None or taker.next.empty == tick.empty:
        return tick
    if taker.next.empty:
        return Tick(tick.after, tick.after, tick.after, tick.after)
    start = max((due for due in before if due < tick.after), default=tick.after - (taker.next.end - taker.next.start))
    return Tick(start, start, tick.after, tick.after)


def mark(side: Environment, dag: Timed, tick: Tick, note: str) -> str:
    """Make a run of a paused DAG that counts as done, and return its id; a second call changes nothing.

    Raises:
        ProjectError: if Airflow takes neither a backfill nor, where that would do, a run by hand.
    """
    run = run_at(side, dag.dag, tick.logical) or _make(side, dag, tick)
    if run["state"] not in ("success", "failed"):
        succeed(side, dag.dag, str(run["dag_run_id"]), note)
    if not side.is_2:
        _close(side, dag.dag)
    return str(run["dag_run_id"])


def succeed(side: Environment, dag: str, run: str, note: str) -> None:
    """Set a run of a paused DAG to success; its tasks do not run."""
    path = run_path(dag, run)
    side.airflow.call("PATCH", path, json={"state": "success"})
    if side.airflow.state(dag, run) != "success":
        _settle(side, dag, run)
        # Airflow 2 leaves it queued all the same; with nothing left to do it ends as soon as it begins.
        side.airflow.call("PATCH", path, json={"state": "success"})
    # For people alone. In one call with the state, Airflow 3.3.1 answers 409.
    with suppress(RestError):
        if side.is_2:
            side.airflow.call("PATCH", f"{path}/setNote", json={"note": note})
        else:
            side.airflow.call("PATCH", path, params={"update_mask": "note"}, json={"note": note})


def _settle(side: Environment, dag: str, run: str) -> None:
    """Set the tasks that are left to success: teardowns, which Airflow would run all the same."""
    for task in side.airflow.tasks(dag, run):
        if task["state"] not in SETTLED:
            body = {"new_state": "success", **({"dry_run": False} if side.is_2 else {})}
            side.airflow.call("PATCH", task_path(dag, run, str(task["task_id"])), json=body)


def run_at(side: Environment, dag: str, logical: datetime) -> dict[str, Any] | None:
    """Return the run of a logical date; None if there is none."""
    name = "execution_date" if side.is_2 else "logical_date"
    asked = {f"{name}_gte": logical.isoformat(), f"{name}_lte": logical.isoformat(), "limit": 1}
    found = side.airflow.call("GET", f"{dag_path(dag)}/dagRuns", params=asked) or {"dag_runs": []}
    return next(iter(found["dag_runs"]), None)


def _make(side: Environment, dag: Timed, tick: Tick) -> dict[str, Any]:
    if not side.is_2 and dag.kind == "time":
        _close(side, dag.dag)
        try:
            backfill(side, dag.dag, tick.logical, tick.logical)
        except RestError as error:
            # With catchup it would not be enough: the scheduler begins with the DAG's start date.
            if error.status not in REFUSED or dag.catchup:
                raise
        if found := run_at(side, dag.dag, tick.logical):
            return found
    return by_hand(side, dag.dag, tick)


def by_hand(side: Environment, dag: str, tick: Tick) -> dict[str, Any]:
    """Make a queued run of a turn, as a person would, and return it."""
    body = {
        "dag_run_id": f"{OURS}{tick.after:%Y%m%dT%H%M%S}",
        "logical_date": tick.logical.isoformat(),
        "data_interval_start": tick.start.isoformat(),
        "data_interval_end": tick.end.isoformat(),
        **({} if side.is_2 else {"run_after": tick.after.isoformat()}),
    }
    made: dict[str, Any] = side.airflow.call("POST", f"{dag_path(dag)}/dagRuns", json=body)
    return made


def backfill(side: Environment, dag: str, first: datetime, last: datetime, at_once: int = 1) -> None:
    """Let Airflow 3 make the runs that are missing between two logical dates, both included."""
    body = {"dag_id": dag, "from_date": first.isoformat(), "to_date": last.isoformat(), "max_active_runs": at_once}
    try:
        side.airflow.call("POST", "backfills", json={**body, "reprocess_behavior": "none"})
    except RestError as error:
        # A DAG with depends_on_past takes nothing else.
        if "depends_on_past" not in str(error.answer):
            raise
        side.airflow.call("POST", "backfills", json={**body, "reprocess_behavior": "failed"})


def _close(side: Environment, dag: str) -> None:
    """End the backfills of marks: Airflow lets no other begin as long as one is open."""
    for found in side.airflow.pages("backfills", "backfills", dag_id=dag):
        # Only marks have one date; to end another would fail its runs.
        if found.get("completed_at") is None and moment(found["from_date"]) == moment(found["to_date"]):
            # The scheduler may have ended it in this very moment.
            with suppress(RestError):
                side.airflow.call("PUT", f"backfills/{found['id']}/cancel")


def missing(side: Environment, dag: str, first: datetime, before: datetime) -> list[datetime]:
    """Return the logical dates that have no run on a side of Airflow 3, from one on, up to and without another."""
    return _dates(side, dag, (first, before - BIT), "none")


def dues(side: Environment, dag: str, first: datetime, last: datetime) -> list[datetime]:
    """Return the logical dates that a schedule has between two moments, whether there are runs or not."""
    return _dates(side, dag, (first, last), "completed")


def _dates(side: Environment, dag: str, span: tuple[datetime, datetime], reprocess: str) -> list[datetime]:
    if span[0] > span[1]:
        return []
    first, last = (date.isoformat() for date in span)
    body = {"dag_id": dag, "from_date": first, "to_date": last, "reprocess_behavior": reprocess}
    found = side.airflow.call("POST", "backfills/dry_run", json=body)
    if found is None:
        raise ProjectError(f"Airflow knows no DAG {dag}.", f"DAGs of {side.mwaa.name}", "wait until it is parsed")
    return sorted(moment(one["logical_date"]) for one in found["backfills"] if one["logical_date"])
