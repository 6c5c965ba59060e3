"""`mwaa pause` and `unpause`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.airflow.environment import Environment
from scripts.airflow.find import match_dags
from scripts.airflow.rest import Airflow, dag_path


@dataclass(frozen=True)
class Change:
    """DAGs that were changed, and those that were so already."""

    changed: list[str]
    already: list[str]


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
    return Change(wanted, [dag.dag for dag in dags if dag.paused == paused])
