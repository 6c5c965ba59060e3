"""What a DAG's runs are for, as far as Airflow's API tells: the windows that the runs themselves will take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from mwaa_dbt.window import PRESETS, Schedule, Window
from scripts.airflow.environment import Environment
from scripts.airflow.model import moment
from scripts.airflow.rest import dag_path

INTERVALS = "scheduler.create_cron_data_intervals"
SPAN = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")  # as Python writes a timedelta


@dataclass(frozen=True)
class Ticks:
    """A DAG's schedule; `ahead` if a run's data begins at its logical date, as with data intervals, and not ends."""

    schedule: Schedule
    ahead: bool

    def window(self, logical: datetime) -> Window:
        """Return the window of the run of a logical date."""
        if self.ahead:
            return self.schedule.window(logical, self.schedule.after(logical))
        return self.schedule.window(self.schedule.before(logical), logical)

    def around(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """Return between which logical dates the runs are whose data may lie between two times."""
        earliest = self.schedule.before(start) if self.ahead else start
        # One more: the windows of whole days or hours begin before the runs' own.
        return self.schedule.before(earliest), self.schedule.after(self.schedule.after(end))


def read_ticks(environment: Environment, dag: str) -> Ticks | None:
    """Return a DAG's schedule, or None if it is neither a cron expression nor a span of time."""
    details = environment.airflow.call("GET", f"{dag_path(dag)}/details") or {}
    schedule = read_schedule(str(details.get("timetable_summary") or ""), str(details.get("timezone") or "UTC"))
    return Ticks(schedule, _ahead(environment, dag)) if schedule else None


def read_schedule(summary: str, zone: str) -> Schedule | None:
    """Return the schedule of Airflow's summary of a timetable."""
    if span := SPAN.fullmatch(summary):
        days, hours, minutes, seconds = (int(part or 0) for part in span.groups())
        return Schedule(delta=timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
    if summary in PRESETS or croniter.is_valid(summary):
        return Schedule(summary, _zone(zone))
    return None


def _ahead(environment: Environment, dag: str) -> bool:
    """Say whether the DAG's runs have data intervals: as its last one had, else as Airflow is configured."""
    asked = {"order_by": "-run_after", "limit": 1, "run_type": "scheduled"}
    page = environment.airflow.call("GET", f"{dag_path(dag)}/dagRuns", params=asked) or {"dag_runs": []}
    known = [run for run in page["dag_runs"] if _has_interval(run)]
    if known:
        start, end = (moment(known[0][name]) for name in ("data_interval_start", "data_interval_end"))
        return start < end
    options: Mapping[str, Any] = environment.described.get("AirflowConfigurationOptions") or {}
    return str(options.get(INTERVALS, "")).lower() in ("true", "t", "1")


def _has_interval(run: Mapping[str, Any]) -> bool:
    return bool(run.get("run_type") == "scheduled" and run.get("data_interval_start") and run.get("data_interval_end"))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        return UTC
