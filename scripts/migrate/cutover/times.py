"""What a DAG's schedule has done on one side, and what it will do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.model import moment, read_dag
from scripts.airflow.rest import PAGE, Airflow, dag_path

Kind = Literal["time", "assets", "once", "continuous", "none"]
# Airflow reckons the next run from runs of these types alone (DagModel's _get_latest_runs_stmt, 2.11 and 3).
AUTOMATED = ("scheduled", "backfill")
OURS = "cutover__"  # what the ids of runs begin with that a cutover makes by hand
FAR = 10  # pages of runs that are looked through
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}


class Tick(NamedTuple):
    """One turn of a schedule: its logical date, its data interval, and the moment from which its run may be made.

    `after` is the same in all versions: a cron string's turn of midnight has a data interval that ends then in
    Airflow 2, and one that begins and ends then in Airflow 3.
    """

    logical: datetime
    start: datetime
    end: datetime
    after: datetime

    @property
    def empty(self) -> bool:
        """Whether its data interval has no length."""
        return self.start == self.end


@dataclass(frozen=True)
class Turn:
    """A run that the schedule, a backfill or a cutover has made."""

    run: str
    state: str
    tick: Tick


@dataclass(frozen=True)
class Timed:
    """A DAG with its schedule, as one side has it; `token` names its file to Airflow."""

    dag: str
    paused: bool
    there: bool
    broken: bool
    schedule: str | None
    description: str
    timezone: str
    catchup: bool
    next: Tick | None
    token: str
    most: int

    @property
    def kind(self) -> Kind:
        """What makes its runs; a schedule of assets or time counts as one of time."""
        text = (self.schedule or "").strip()
        if text in ("", "None", "null"):
            return "none"
        if text in ("@once", "@continuous"):
            return "once" if text == "@once" else "continuous"
        words = text.lower()
        return "assets" if words.startswith(("asset", "dataset", "partitioned asset")) and self.next is None else "time"

    @property
    def rhythm(self) -> tuple[str, str]:
        """The schedule and its time zone in a form that both versions of Airflow have."""
        text = (self.schedule or "None").strip().replace("Dataset", "Asset")
        return PRESETS.get(text, text), self.timezone if self.kind == "time" else ""


def read_timed(side: Environment, dag: str) -> Timed | None:
    """Return a DAG; None if this side has none of this name."""
    found = side.airflow.call("GET", f"{dag_path(dag)}/details")
    return _timed(found) if found else None


def needed(side: Environment, dag: str) -> Timed:
    """Return a DAG that has been seen before.

    Raises:
        ProjectError: if it has gone.
    """
    found = read_timed(side, dag)
    if found is None:
        raise ProjectError(
            f"DAG {dag} has gone from {side.mwaa.name}.",
            f"DAGs of {side.mwaa.name}",
            f"`mwaa errors --env {side.name}` shows files that do not import; then run the same command",
        )
    return found


def _timed(found: Mapping[str, Any]) -> Timed:
    dag = read_dag(found)
    zone = str(found.get("timezone") or "UTC")
    return Timed(
        dag=dag.dag,
        paused=dag.paused,
        there=dag.there,
        broken=dag.broken,
        schedule=dag.schedule,
        description=str(found.get("timetable_description") or ""),
        # Airflow 2 says Timezone('UTC').
        timezone=zone.removeprefix("Timezone('").removesuffix("')").replace("utc", "UTC"),
        catchup=bool(found.get("catchup")),
        next=_next(found),
        token=str(found.get("file_token") or ""),
        most=int(found.get("max_active_runs") or 1),
    )


def _next(found: Mapping[str, Any]) -> Tick | None:
    logical = found.get("next_dagrun_logical_date") or found.get("next_dagrun")
    after = found.get("next_dagrun_run_after") or found.get("next_dagrun_create_after")
    if not logical or not after:
        return None
    start = found.get("next_dagrun_data_interval_start") or logical
    end = found.get("next_dagrun_data_interval_end") or after
    return Tick(moment(logical), moment(start), moment(end), moment(after))


def read_turns(airflow: Airflow, dag: str, until: datetime | None = None) -> list[Turn]:
    """Return what the schedule has done, the newest first.

    Args:
        airflow: the side.
        dag: the DAG.
        until: how far back at least; to the newest one if None.
    """
    order = "-execution_date" if airflow.is_2 else "-run_after"
    turns: list[Turn] = []
    for page in range(FAR):
        asked = {"order_by": order, "limit": PAGE, "offset": page * PAGE}
        found = (airflow.call("GET", f"{dag_path(dag)}/dagRuns", params=asked) or {"dag_runs": []})["dag_runs"]
        turns += [turn for run in found if (turn := _turn(run))]
        enough = bool(turns) if until is None else any(turn.tick.after <= until for turn in turns)
        if len(found) < PAGE or enough:
            break
    return sorted(turns, key=lambda turn: turn.tick.after, reverse=True)


def _turn(run: Mapping[str, Any]) -> Turn | None:
    name, logical = str(run["dag_run_id"]), run.get("logical_date") or run.get("execution_date")
    if not logical or (run.get("run_type") not in AUTOMATED and not name.startswith(OURS)):
        return None
    end = run.get("data_interval_end") or logical
    # Airflow 2 does not tell when a run was due: for every schedule it is the end of the data interval.
    after = run.get("run_after") or end
    tick = Tick(moment(logical), moment(run.get("data_interval_start") or logical), moment(end), moment(after))
    return Turn(name, str(run["state"]), tick)


def newest(turns: Iterable[Turn]) -> Turn | None:
    """Return the turn that was due last."""
    return max(turns, key=lambda turn: turn.tick.after, default=None)


def between(turns: Sequence[Turn], after: datetime | None) -> list[Turn]:
    """Return the turns that were due later than a moment, the oldest first."""
    return sorted(
        (turn for turn in turns if after is None or turn.tick.after > after), key=lambda turn: turn.tick.after
    )


def stuck(turns: Sequence[Turn], done: Turn | None) -> list[Turn]:
    """Return the queued turns of a paused DAG that the other side has done: marks that a killed command left."""
    return [turn for turn in turns if done and turn.state == "queued" and turn.tick.after <= done.tick.after]
