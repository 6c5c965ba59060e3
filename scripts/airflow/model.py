"""DAGs and runs, from the fields that Airflow 2 and 3 have for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LATEST = "latest"  # as a run is asked for


@dataclass(frozen=True)
class Run:
    """A DAG run; times are Airflow's texts, in UTC, or None as long as there is none."""

    dag: str
    run: str
    state: str
    type: str
    logical_date: str | None
    start: str | None
    end: str | None

    @property
    def seconds(self) -> float | None:
        """How long it took, or has run so far."""
        if self.start is None:
            return None
        end = moment(self.end) if self.end else datetime.now(UTC)
        return (end - moment(self.start)).total_seconds()


@dataclass(frozen=True)
class Dag:
    """A DAG as Airflow parsed it last; `there` is false once its file has gone."""

    dag: str
    paused: bool
    schedule: str | None
    next_run: str | None
    tags: tuple[str, ...]
    broken: bool
    there: bool


def read_run(found: Mapping[str, Any]) -> Run:
    """Return a run of an answer."""
    return Run(
        dag=str(found["dag_id"]),
        run=str(found["dag_run_id"]),
        state=str(found["state"]),
        type=str(found.get("run_type") or ""),
        logical_date=found.get("logical_date") or found.get("execution_date"),
        start=found.get("start_date"),
        end=found.get("end_date"),
    )


def read_dag(found: Mapping[str, Any]) -> Dag:
    """Return a DAG of an answer."""
    return Dag(
        dag=str(found["dag_id"]),
        paused=bool(found.get("is_paused")),
        schedule=found.get("timetable_summary") or _schedule(found.get("schedule_interval")),
        next_run=found.get("next_dagrun_run_after") or found.get("next_dagrun_create_after"),
        tags=tuple(str(tag["name"]) for tag in found.get("tags") or ()),
        broken=bool(found.get("has_import_errors")),
        # Airflow 3 says stale, Airflow 2 active.
        there=not found.get("is_stale", not found.get("is_active", True)),
    )


def _schedule(interval: Any) -> str | None:
    """Return Airflow 2's schedule: {"__type": "CronExpression", "value": …}, or a time span by its parts."""
    if not isinstance(interval, Mapping):
        return interval or None
    if "value" in interval:
        return str(interval["value"])
    parts = {name: interval.get(name) or 0 for name in ("days", "seconds", "microseconds")}
    return str(timedelta(**parts)) if any(parts.values()) else None


def moment(stamp: str) -> datetime:
    """Return the moment of one of Airflow's texts."""
    found = datetime.fromisoformat(stamp)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def shown(stamp: str | None) -> str:
    """Return a time as a table shows it: UTC, to the second."""
    return f"{moment(stamp).astimezone(UTC):%Y-%m-%d %H:%M:%S}" if stamp else ""


def span(seconds: float | None) -> str:
    """Return a duration as a table shows it."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.1f} s"
