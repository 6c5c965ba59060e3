"""Airflow's backfills, by its REST API (Airflow 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from mwaa_dbt.errors import ProjectError
from scripts.airflow.model import Run, moment, read_run
from scripts.airflow.rest import Airflow, dag_path
from scripts.aws import RestError

TYPE = "backfill"  # Airflow's type of such runs
# As Airflow 3.3 says of SQLite, which a rehearsal has: it makes the runs one by one, and other processes write, too.
LOCKED = "Database is locked"


@dataclass(frozen=True)
class Backfill:
    """A backfill that Airflow knows; times are of its first and last run."""

    id: int
    dag: str
    start: datetime
    end: datetime
    created: str
    ended: str | None


def planned(airflow: Airflow, body: Mapping[str, Any]) -> list[datetime]:
    """Return the logical dates for which Airflow would begin a run, in their order.

    Raises:
        RestError: with status 422 if the DAG has no periodic schedule.
    """
    found = airflow.call("POST", "backfills/dry_run", json=dict(body)) or {"backfills": []}
    return sorted(moment(one["logical_date"]).astimezone(UTC) for one in found["backfills"] if one["logical_date"])


def begin(airflow: Airflow, body: Mapping[str, Any]) -> Backfill | None:
    """Begin a backfill; None if one of the DAG is under way.

    Raises:
        ProjectError: if Airflow refuses it, or has begun a part of it; that part is ended then.
    """
    before = newest(airflow, body["dag_id"])
    try:
        return _read(airflow.call("POST", "backfills", json=dict(body)))
    except ProjectError as error:
        if isinstance(error, RestError) and error.status == requests.codes.conflict:
            return None
        found = newest(airflow, body["dag_id"])
        if found is None or found == before:
            raise
        if LOCKED in error.what:
            cancel(airflow, found)
            raise _part(error) from None
        # Its answer got lost.
        return found


def _part(error: ProjectError) -> ProjectError:
    return ProjectError(
        f"{error.what} It had begun a part, which is ended.",
        error.where,
        "run it again with --reprocess failed; a rehearsal has PostgreSQL by `mwaa local up --executor celery`",
    )


def newest(airflow: Airflow, dag: str) -> Backfill | None:
    """Return a DAG's newest backfill."""
    found = airflow.call("GET", "backfills", params={"dag_id": dag, "order_by": "-id", "limit": 1})
    return _read(found["backfills"][0]) if found and found["backfills"] else None


def cancel(airflow: Airflow, backfill: Backfill) -> None:
    """End a backfill: runs that have not begun fail, the others go on."""
    airflow.call("PUT", f"backfills/{backfill.id}/cancel")


def runs(airflow: Airflow, backfill: Backfill) -> list[Run]:
    """Return the runs of a backfill, by their logical date."""
    dates = {"logical_date_gte": backfill.start.isoformat(), "logical_date_lte": backfill.end.isoformat()}
    found = map(read_run, airflow.pages(f"{dag_path(backfill.dag)}/dagRuns", "dag_runs", **dates))
    # A day's earlier run that is not done again keeps its own type.
    return sorted((run for run in found if run.type == TYPE), key=lambda run: str(run.logical_date))


def _read(found: Mapping[str, Any]) -> Backfill:
    return Backfill(
        id=int(found["id"]),
        dag=str(found["dag_id"]),
        start=moment(found["from_date"]),
        end=moment(found["to_date"]),
        created=str(found["created_at"]),
        ended=found.get("completed_at"),
    )
