"""What a backfill would do: its runs, the data that each is for, and what that means for the models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import requests

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.window import FORM, Window
from scripts.airflow.environment import Environment
from scripts.airflow.find import find_dag
from scripts.aws import RestError
from scripts.aws.environment import detail
from scripts.backfill import api
from scripts.backfill.models import BATCHES, Model, read_models
from scripts.backfill.request import Request
from scripts.backfill.schedule import Ticks, read_ticks
from scripts.history.text import count, first
from scripts.local.state import ENVIRONMENT, POSTGRES, find
from scripts.paths import find_project

MICROBATCH = "config.incremental_strategy:microbatch"
NAMED = 5  # models in a sentence

type Times = tuple[datetime, datetime]


@dataclass(frozen=True)
class Planned:
    """A run: its logical date, and the data that it is for, if its schedule tells."""

    logical: datetime
    window: Window | None


@dataclass(frozen=True)
class Plan:
    """A backfill as Airflow would begin it now.

    Args:
        body: of the request to Airflow.
        runs: those that it begins, in the order of time.
        there: days that have a run already, and get none.
        models: what the DAG builds; none if that is not known.
    """

    environment: Environment
    request: Request
    body: dict[str, Any]
    runs: list[Planned]
    there: int
    models: list[Model]

    def of(self, kind: str) -> list[Model]:
        """Return the models of one kind."""
        return [model for model in self.models if model.kind == kind]

    @cached_property
    def window(self) -> Window | None:
        """What all runs together are for."""
        windows = [run.window for run in self.runs if run.window]
        return Window(min(one.start for one in windows), max(one.end for one in windows)) if windows else None

    def notes(self) -> Iterator[str]:
        """Yield what a person should know before it begins."""
        if self.models and not (self.of("microbatch") or self.of("incremental")):
            yield "No model of this DAG is incremental: each run builds the same tables anew."
        if large := [model for model in self.of("microbatch") if self._is_larger(model)]:
            yield f"{_names(large)}: a batch is longer than a run's data, so several runs build it. {self.one_run()}"
        if (rest := self.of("incremental")) and self.of("microbatch"):
            yield f"{_names(rest)}: incremental by own rules, which decide what a run reads (docs/backfill.md)."
        others = self.of("whole")
        if others and self.of("microbatch") and not self.request.select:
            told = f"{count(len(others), 'other node')} would be built whole by each run"
            yield f"{told}; `--select {MICROBATCH}` leaves them out."

    def one_run(self) -> str:
        """Return the advice to build it all by one run of the DAG."""
        if self.window is None:
            return ""
        return f"One run builds all: `{one_run(self.environment, self.request, self.window)}`."

    def _is_larger(self, model: Model) -> bool:
        window = self.runs[0].window if self.runs else None
        return bool(window and model.batch in BATCHES and BATCHES[model.batch] > window.end - window.start)


def _names(models: Sequence[Model]) -> str:
    return first([model.name for model in models], NAMED)


def one_run(environment: Environment, request: Request, times: Times) -> str:
    """Return the command that builds the data between two times by one run of a DAG."""
    start, end = (time.strftime(FORM) for time in times)
    select = f" --select '{request.select}'" if request.select else ""
    return (
        f"mwaa trigger {request.dag} --env {environment.name}{select} --event-time-start {start} --event-time-end {end}"
    )


def read_plan(environment: Environment, request: Request, times: Times) -> Plan:
    """Return what a backfill of a DAG's data between two times would do now.

    Raises:
        ProjectError: if Airflow has no such DAG, it is paused, or it cannot be backfilled for these times.
    """
    _check(environment, request, times)
    ticks = read_ticks(environment, request.dag)
    known = _dates(environment, request, times, ticks)
    body = _body(request, known[0], known[-1], request.reprocess)
    runs = [Planned(date, ticks.window(date) if ticks else None) for date in api.planned(environment.airflow, body)]
    models = read_models(environment, request.dag)
    return Plan(environment, request, body, runs, len(known) - len(runs), models)


def _check(environment: Environment, request: Request, times: Times) -> None:
    if environment.is_2:
        raise ProjectError(
            f"Airflow {environment.version} has backfills only as a command that must run to their end, which MWAA's "
            "command line does not.",
            f"environment {environment.name}",
            f"let one run build it: `{one_run(environment, request, times)}`",
        )
    if request.reprocess != "none" and on_sqlite(environment):
        raise ProjectError(
            "Airflow's database is SQLite here, which it locks for good when a backfill repeats runs.",
            "--reprocess, in this rehearsal",
            "give the rehearsal PostgreSQL: `mwaa local down`, then `mwaa local up --executor celery`",
        )
    dag = find_dag(environment, request.dag)
    if dag.paused and not request.dry_run:
        raise ProjectError(
            f"DAG {dag.dag} is paused: runs of a backfill would stay queued.",
            f"DAG {dag.dag} in {environment.mwaa.name}",
            f"`mwaa unpause {dag.dag} --env {environment.name}`; its schedule runs from then on, too",
        )


def on_sqlite(environment: Environment) -> bool:
    """Say whether it is a rehearsal that has SQLite.

    Airflow 3.3.1 leaves a statement open in airflow/models/backfill.py (_create_backfill_dag_run_non_partitioned), so
    that its web server's next write, in whichever request, meets an old snapshot: "database is locked".
    """
    rehearsal = find(find_project()) if environment.name == ENVIRONMENT else None
    return rehearsal is not None and POSTGRES not in rehearsal.ports


def _dates(environment: Environment, request: Request, times: Times, ticks: Ticks | None) -> list[datetime]:
    """Return the logical dates of the runs whose data lies between two times, whether they have run or not."""
    earliest, latest = ticks.around(*times) if ticks else times
    body = _body(request, earliest, min(latest, datetime.now(UTC)), "completed")
    try:
        dates = api.planned(environment.airflow, body)
    except RestError as error:
        if error.status != requests.codes.unprocessable:
            raise
        raise _refused(environment, request, times, error) from None
    if ticks:
        dates = [date for date in dates if _meet(ticks.window(date), times)]
    if not dates:
        raise ProjectError(
            f"No run of {request.dag} is for data from {request.start} to {request.end}.",
            f"DAG {request.dag} in {environment.mwaa.name}: schedule and start_date",
            f"name times after its start_date that are past; or one run: `{one_run(environment, request, times)}`",
        )
    return dates


def _meet(window: Window, times: Times) -> bool:
    return window.start < times[1] and times[0] < window.end


def _refused(environment: Environment, request: Request, times: Times, error: RestError) -> ProjectError:
    return ProjectError(
        f"Airflow cannot backfill {request.dag}: {detail(error.answer)}",
        f"DAG {request.dag} in {environment.mwaa.name}",
        f"let one run build it: `{one_run(environment, request, times)}`",
    )


def _body(request: Request, start: datetime, end: datetime, reprocess: str) -> dict[str, Any]:
    return {
        "dag_id": request.dag,
        "from_date": start.isoformat(),
        "to_date": end.isoformat(),
        "run_backwards": request.backwards,
        "dag_run_conf": request.conf(),
        "reprocess_behavior": reprocess,
        "max_active_runs": request.parallel,
    }
