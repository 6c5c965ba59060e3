"""`mwaa dags`, `runs` and `errors`: what there is, in tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from scripts.airflow.environment import Environment
from scripts.airflow.find import all_dags, match_dags, newest_runs
from scripts.airflow.model import Dag, Run, shown, span
from scripts.airflow.rest import PAGE, Airflow
from scripts.airflow.run import COLOURS
from scripts.console import err, out, step, wide
from scripts.history.text import clean, count

LINES = 5  # of a stack trace


def read_dags(environment: Environment, names: Sequence[str]) -> list[tuple[Dag, Run | None]]:
    """Return DAGs, all if none is named, each with its last run."""
    airflow = environment.airflow
    with step(f"DAGs of {environment.mwaa.name}") as notes:
        dags = match_dags(environment, names) if names else all_dags(airflow)
        # One call has the last runs of most DAGs; only those that have not run lately cost one each.
        last = {run.dag: run for run in reversed(newest_runs(airflow, "~", PAGE))}
        for number, dag in enumerate(dags, 1):
            if dag.dag not in last:
                notes.now(f"last run of {dag.dag}, {number} of {len(dags)}")
                last |= {run.dag: run for run in newest_runs(airflow, dag.dag, 1)}
    return [(dag, last.get(dag.dag)) for dag in dags]


def show_dags(found: Sequence[tuple[Dag, Run | None]]) -> None:
    """Print a table of DAGs."""
    table = Table("DAG", "paused", "schedule", "next run (UTC)", "last run", "began (UTC)", "tags")
    for dag, run in found:
        state = _state(run.state) if run else Text("")
        paused = Text("paused", style="yellow") if dag.paused else Text("")
        # A paused DAG has a next run as well, but nobody starts it.
        coming = "" if dag.paused else shown(dag.next_run)
        cells = (dag.schedule or "", coming)
        began = shown(run.start) if run else ""
        table.add_row(Text(dag.dag), paused, *map(Text, cells), state, began, Text(", ".join(dag.tags)))
    wide(table)
    if broken := [dag.dag for dag, _ in found if dag.broken]:
        err.print(f"{count(len(broken), 'DAG')} with import errors: {', '.join(broken)}", style="red", markup=False)


def dags_table(found: Sequence[tuple[Dag, Run | None]]) -> list[dict[str, Any]]:
    """Return DAGs for a machine."""
    return [{**asdict(dag), "last_run": run_table(run) if run else None} for dag, run in found]


def run_table(run: Run) -> dict[str, Any]:
    """Return a run for a machine."""
    return {**asdict(run), "seconds": run.seconds}


def show_runs(runs: Sequence[Run]) -> None:
    """Print a table of runs."""
    table = Table("run", "state", "type", "logical date (UTC)", "began (UTC)", "took")
    for run in runs:
        times = (shown(run.logical_date), shown(run.start), span(run.seconds))
        table.add_row(Text(run.run), _state(run.state), run.type, *times)
    wide(table)


def _state(state: str) -> Text:
    return Text(state, style=COLOURS.get(state, ""))


@dataclass(frozen=True)
class Fault:
    """An import error, or a warning of Airflow's of a DAG: what of (a file or a DAG), its text, and when (UTC)."""

    kind: str
    what: str
    text: str
    at: str | None


def read_faults(airflow: Airflow) -> list[Fault]:
    """Return import errors, then warnings."""
    return [*_import_errors(airflow), *_warnings(airflow)]


def _import_errors(airflow: Airflow) -> Iterator[Fault]:
    for found in airflow.pages("importErrors", "import_errors"):
        yield Fault("import error", str(found["filename"]), str(found["stack_trace"]), found.get("timestamp"))


def _warnings(airflow: Airflow) -> Iterator[Fault]:
    for found in airflow.pages("dagWarnings", "dag_warnings"):
        text = f"{found['warning_type']}: {found['message']}"
        yield Fault("warning", f"DAG {found['dag_id']}", text, found.get("timestamp"))


def show_faults(faults: Sequence[Fault]) -> None:
    """Print what is wrong, of each stack trace its end."""
    for fault in faults:
        lines = [line for line in clean(fault.text).splitlines() if line.strip()]
        out.print(f"[red]{fault.kind}[/]", end=" ")
        out.print(f"{fault.what}  {shown(fault.at)} UTC" if fault.at else fault.what, markup=False)
        for line in lines[-LINES:]:
            out.print(f"  {line}", markup=False)
