"""A backfill as a person sees it, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from scripts.airflow.model import Run, shown, span
from scripts.airflow.run import COLOURS, DONE
from scripts.backfill.api import Backfill
from scripts.backfill.plan import Plan, Planned
from scripts.console import err, out
from scripts.history.text import count

ENDS = 4  # of many runs the first and the last ones are shown


def show_plan(plan: Plan) -> None:
    """Print a plan and what to know of it."""
    table = Table("run (logical date, UTC)", "data from", "before", title=_title(plan))
    hidden = len(plan.runs) - 2 * ENDS
    for run in plan.runs if hidden <= 1 else plan.runs[:ENDS]:
        table.add_row(*_cells(run))
    if hidden > 1:
        table.add_row(f"… {hidden} more", "", "")
        for run in plan.runs[-ENDS:]:
            table.add_row(*_cells(run))
    out.print(table)
    for kind, what in (("microbatch", "builds the batches of these times"), ("incremental", "by own rules")):
        for model in plan.of(kind):
            batch = f", by {model.batch}" if model.batch else ""
            out.print(f"  {kind}{batch}  {model.project}.{model.name}: {what}", markup=False)
    if plan.there:
        told = f"{count(plan.there, 'run')} there already, and not repeated"
        out.print(f"{told}: --reprocess failed or completed does" if plan.request.reprocess != "completed" else told)
    for note in plan.notes():
        err.print(f"[yellow]![/] {escape(note)}")


def _title(plan: Plan) -> str:
    how = "one after the other" if plan.request.parallel == 1 else f"{plan.request.parallel} at a time"
    order = ", the newest first" if plan.request.backwards else ""
    return f"{plan.request.dag}: {count(len(plan.runs), 'run')}, {how}{order}"


def _cells(run: Planned) -> tuple[str, str, str]:
    window = run.window or ("", "")
    start, end = (_short(time) if isinstance(time, datetime) else "" for time in window)
    return f"{run.logical:%Y-%m-%d %H:%M}", start, end


def _short(time: datetime) -> str:
    return f"{time:%Y-%m-%d}" if f"{time:%H:%M:%S}" == "00:00:00" else f"{time:%Y-%m-%d %H:%M}"


def plan_table(plan: Plan) -> dict[str, Any]:
    """Return a plan for a machine."""
    runs = [_planned_table(run) for run in plan.runs]
    models = [{"project": one.project, "name": one.name, "kind": one.kind, "batch": one.batch} for one in plan.models]
    return {"dag": plan.request.dag, "runs": runs, "there": plan.there, "models": models, "notes": [*plan.notes()]}


def _planned_table(run: Planned) -> dict[str, Any]:
    start, end = (time.isoformat() for time in run.window) if run.window else (None, None)
    return {"logical_date": run.logical.isoformat(), "event_time_start": start, "event_time_end": end}


def show_runs(backfill: Backfill, runs: Sequence[Run]) -> None:
    """Print the runs of a backfill and how it stands."""
    table = Table("run (logical date, UTC)", "state", "began (UTC)", "took")
    for run in runs:
        state = Text(run.state, style=COLOURS.get(run.state, ""))
        table.add_row(shown(run.logical_date)[:-3], state, shown(run.start), span(run.seconds))
    out.print(table)
    out.print(f"{backfill.dag}: {told(runs)}")


def told(runs: Sequence[Run]) -> str:
    """Return how far runs have come, in a line."""
    states = Counter(run.state for run in runs)
    counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    return f"{sum(states[state] for state in DONE)} of {count(len(runs), 'run')} ended ({counts})"


def runs_table(backfill: Backfill, runs: Sequence[Run]) -> dict[str, Any]:
    """Return a backfill for a machine."""
    listed = [{"run": run.run, "logical_date": run.logical_date, "state": run.state} for run in runs]
    return {"dag": backfill.dag, "backfill": backfill.id, "ended": backfill.ended, "runs": listed}
