"""A DAG and its schedule as Airflow keeps them: turns at equal distances, runs, and which turn is next.

What is next is reckoned as Airflow does it (timetables/interval.py and trigger.py, DagModel): from the newest run of a
schedule or a backfill, when the file is parsed and when a run is made.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN = itertools.count(1)


@dataclass
class Made:
    """A run; `due` is the turn of the schedule that it is for, counted from the start date."""

    id: str
    type: str
    logical: datetime | None
    start: datetime
    end: datetime
    after: datetime
    state: str = "queued"
    begun: float = 0.0
    worked: bool = False  # whether its tasks have run
    note: str = ""
    left: list[str] = field(default_factory=list)  # teardown tasks that have not run
    settled: bool = False  # whether all its tasks were set to success

    def answer(self, dag: str, is_2: bool) -> dict[str, Any]:
        """Return it as Airflow's API does."""
        logical = self.logical.isoformat() if self.logical else None
        found = {
            "dag_id": dag,
            "dag_run_id": self.id,
            "run_type": self.type,
            "state": self.state,
            "logical_date": logical,
            "data_interval_start": self.start.isoformat(),
            "data_interval_end": self.end.isoformat(),
        }
        return found | ({"execution_date": logical} if is_2 else {"run_after": self.after.isoformat()})


@dataclass
class Job:
    """A DAG on one side.

    Args:
        id: its name.
        every: seconds from one turn to the next; 0 if no time starts it.
        wide: whether a data interval is as long as that, as in Airflow 2, or has no length.
        catchup: the DAG's own.
        paused: whether it is.
        lasts: seconds that a run takes.
        good: whether its runs succeed; `better` after how many they do all the same.
    """

    id: str
    every: float = 1.5
    wide: bool = False
    catchup: bool = False
    paused: bool = True
    lasts: float = 0.15
    good: bool = True
    better: int | None = None
    there: bool = True
    teardowns: tuple[str, ...] = ()
    broken: bool = False
    schedule: str | None = "* * * * *"
    tags: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()  # the DAGs whose asset starts it
    begins: datetime = START
    runs: list[Made] = field(default_factory=list)
    next: datetime | None = None  # when the next run is due
    backfills: list[dict[str, Any]] = field(default_factory=list)

    def logical(self, due: datetime) -> datetime:
        """Return the logical date of the turn that is due at a moment."""
        return due - timedelta(seconds=self.every) if self.wide else due

    def due(self, logical: datetime) -> datetime:
        """Return when a logical date's turn is due."""
        return logical + timedelta(seconds=self.every) if self.wide else logical

    def turn(self, moment: datetime) -> datetime:
        """Return the last turn that was due at a moment."""
        return START + timedelta(seconds=self.every) * int((moment - START) / timedelta(seconds=self.every))

    def reckon(self, last: Made | None = None) -> None:
        """Set which turn is next, after a run, or after the newest one that counts."""
        if not self.every:
            return
        known = [run for run in self.runs if run.type in ("scheduled", "backfill")]
        last = last or max(known, key=lambda run: run.after, default=None)
        step, now = timedelta(seconds=self.every), datetime.now(UTC)
        after = last.after + step if last else self.begins
        self.next = after if self.catchup else max(after, self.turn(now))

    def at(self, logical: datetime) -> Made | None:
        """Return the run of a logical date."""
        return next((run for run in self.runs if run.logical == logical), None)

    def make(self, kind: str, due: datetime, name: str = "") -> Made:
        """Make a run for a turn."""
        logical = self.logical(due)
        name = name or f"{kind}__{logical:%Y-%m-%dT%H:%M:%S}"
        made = Made(name, kind, logical, logical, due, due, left=[*self.teardowns])
        self.runs.append(made)
        return made

    def dues(self, first: datetime, last: datetime) -> list[datetime]:
        """Return the complete turns whose logical dates are between two, both included."""
        due, found = self.turn(self.due(first)), list[datetime]()
        while self.logical(due) <= last and due < datetime.now(UTC):
            if self.logical(due) >= first:
                found.append(due)
            due += timedelta(seconds=self.every)
        return found

    def work(self, now: float) -> None:
        """Make what is due, and go on with what runs, unless it is paused: a pause stops runs midway, too."""
        if self.paused or not self.there:
            return
        while self.next and self.next <= datetime.now(UTC):
            last = self.at(self.logical(self.next)) or self.make("scheduled", self.next)
            self.reckon(last)
        for run in self.runs:
            if run.state == "queued":
                run.state, run.begun = ("success" if run.settled else "running"), now
            elif run.state == "running" and now - run.begun >= self.lasts:
                good = self.good or (self.better is not None and sum(one.worked for one in self.runs) >= self.better)
                run.state, run.worked = ("success" if good else "failed"), True

    def answer(self, is_2: bool) -> dict[str, Any]:
        """Return it as Airflow's API does, with the details."""
        logical = self.logical(self.next).isoformat() if self.next else None
        after = self.next.isoformat() if self.next else None
        found = {
            "dag_id": self.id,
            "is_paused": self.paused,
            "has_import_errors": self.broken,
            "tags": [{"name": name} for name in self.tags],
            "timetable_description": "",
            "timezone": "Timezone('UTC')" if is_2 else "UTC",
            "catchup": self.catchup,
            "max_active_runs": 16,
            "file_token": "token",
            "next_dagrun_data_interval_start": logical,
            "next_dagrun_data_interval_end": after,
        }
        if is_2:
            interval = {"__type": "CronExpression", "value": self.schedule} if self.schedule else None
            return {
                **found,
                "is_active": self.there,
                "schedule_interval": interval,
                "next_dagrun": logical,
                "next_dagrun_create_after": after,
            }
        return {
            **found,
            "is_stale": not self.there,
            "timetable_summary": self.schedule,
            "next_dagrun_logical_date": logical,
            "next_dagrun_run_after": after,
        }
