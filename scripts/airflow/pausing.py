"""`mwaa pause` and `unpause`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scripts.airflow.environment import Environment
from scripts.airflow.find import match_dags
from scripts.airflow.rest import Airflow, dag_path

ACTIVE = ("running", "queued")  # states of runs that have not ended


@dataclass(frozen=True)
class Change:
    """DAGs that were changed, those that were so already, and the ids of runs that a pause leaves where they are."""

    changed: list[str]
    already: list[str]
    unfinished: dict[str, list[str]] = field(default_factory=dict)


def set_paused(airflow: Airflow, dag: str, paused: bool) -> None:
    """Pause a DAG, or let it run."""
    airflow.call("PATCH", dag_path(dag), params={"update_mask": "is_paused"}, json={"is_paused": paused})


def change(environment: Environment, names: Sequence[str], paused: bool) -> Change:
    """Pause DAGs or let them run; names may be patterns, and all are looked up before anything is changed.

    Raises:
        ProjectError: if a name or pattern fits no DAG.
    """
    dags = match_dags(environment, names)
    wanted = [dag.dag for dag in dags if dag.paused != paused]
    for dag in wanted:
        set_paused(environment.airflow, dag, paused)
    # Asked afterwards: a run may have begun in between.
    found = active(environment.airflow) if paused else {}
    left = {dag.dag: found[dag.dag] for dag in dags if dag.dag in found}
    return Change(wanted, [dag.dag for dag in dags if dag.paused == paused], left)


def active(airflow: Airflow, dag: str = "~") -> dict[str, list[str]]:
    """Return the ids of runs that have not ended, by DAG: of one DAG, or of all."""
    found: dict[str, list[str]] = {}
    for state in ACTIVE:
        for run in airflow.pages(f"{dag_path(dag)}/dagRuns", "dag_runs", state=state):
            found.setdefault(str(run["dag_id"]), []).append(str(run["dag_run_id"]))
    return found
