"""DAGs, runs and tasks by what a person calls them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.airflow.environment import Environment
from scripts.airflow.model import LATEST, Dag, Run, read_dag, read_run
from scripts.airflow.rest import PAGE, Airflow, dag_path, run_path
from scripts.airflow.run import name_of

PATTERN = set("*?[")
NAMED = 10  # names in an error


def all_dags(airflow: Airflow) -> list[Dag]:
    """Return the DAGs that are there, paused ones too, by name."""
    return sorted((read_dag(found) for found in airflow.pages("dags", "dags")), key=lambda dag: dag.dag)


def find_dag(environment: Environment, name: str) -> Dag:
    """Return a DAG.

    Raises:
        ProjectError: if there is none of this name, with the close one.
    """
    found = environment.airflow.call("GET", dag_path(name))
    dag = read_dag(found) if found else None
    if dag and dag.there:
        return dag
    raise no_dag(environment, name, [dag.dag for dag in all_dags(environment.airflow)])


def match_dags(environment: Environment, names: Iterable[str]) -> list[Dag]:
    """Return the DAGs of names and patterns (`shop_*`), each once.

    Raises:
        ProjectError: if one of them names no DAG.
    """
    known = {dag.dag: dag for dag in all_dags(environment.airflow)}
    return [known[dag] for dag in match_names(environment, names, list(known))]


def match_names(environment: Environment, names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return those of the known DAGs that names and patterns mean, each once.

    Raises:
        ProjectError: if one of them names no DAG.
    """
    found: dict[str, None] = {}
    for name in names:
        matching = [dag for dag in known if dag == name or (PATTERN & set(name) and fnmatchcase(dag, name))]
        if not matching:
            raise no_dag(environment, name, known)
        found |= dict.fromkeys(matching)
    return list(found)


def no_dag(environment: Environment, name: str, known: Sequence[str]) -> ProjectError:
    """Return the error of a name that no DAG has."""
    hint = suggestion(name, list(known))
    fix = some(known) if known else "`mwaa deploy` brings some"
    if not hint:
        fix += f"; `mwaa errors --env {environment.name}` shows files that do not import"
    return ProjectError(f"There is no DAG {name!r}.{hint}", f"DAGs of {environment.mwaa.name}", fix)


def some(known: Sequence[str]) -> str:
    """Return the advice to use one of these names, the first of many."""
    return f"use one of: {', '.join(known[:NAMED])}{' …' if len(known) > NAMED else ''}"


def newest_runs(airflow: Airflow, dag: str, limit: int, state: str | None = None) -> list[Run]:
    """Return the newest runs of a DAG, or of all (`~`), the newest first."""
    runs: list[Run] = []
    where = {"order_by": "-start_date" if airflow.is_2 else "-run_after", **({"state": state} if state else {})}
    while len(runs) < limit:
        wanted = min(PAGE, limit - len(runs))
        asked = {**where, "limit": wanted, "offset": len(runs)}
        page = airflow.call("GET", f"{dag_path(dag)}/dagRuns", params=asked) or {"dag_runs": []}
        runs += map(read_run, page["dag_runs"])
        if len(page["dag_runs"]) < wanted:
            break
    return runs


def find_run(environment: Environment, dag: str, name: str) -> Run:
    """Return a run by its id, a part of it that no other recent run has, or `latest`.

    Raises:
        ProjectError: if there is none.
    """
    airflow = environment.airflow
    if name != LATEST and (found := airflow.call("GET", run_path(dag, name))):
        return read_run(found)
    runs = newest_runs(airflow, dag, 1 if name == LATEST else PAGE)
    matching = [run for run in runs if name in (LATEST, run.run)] or [run for run in runs if name in run.run]
    if len(matching) == 1:
        return matching[0]
    known = [run.run for run in matching or runs]
    what = f"{len(known)} runs of {dag} have {name!r} in their id." if matching else f"DAG {dag} has no run {name!r}."
    if not known:
        what = f"DAG {dag} has not run yet."
    raise ProjectError(
        f"{what}{'' if matching else suggestion(name, known)}",
        f"runs of {dag} in {environment.mwaa.name}",
        f"`mwaa runs {dag} --env {environment.name}` lists them"
        if known
        else f"`mwaa trigger {dag} --env {environment.name}`",
    )


def find_tasks(instances: Sequence[dict[str, Any]], name: str, dag: str) -> list[dict[str, Any]]:
    """Return the task instances of a name: a task's id, or its end if no other task has that; several if it is mapped.

    Raises:
        ProjectError: if there is none, with the close one.
    """
    exact = [one for one in instances if name in (one["task_id"], name_of(one))]
    ending = [one for one in instances if str(one["task_id"]).endswith(f".{name}")]
    if exact or (ending and len({one["task_id"] for one in ending}) == 1):
        return exact or ending
    known = list(dict.fromkeys(str(one["task_id"]) for one in ending or instances))
    raise ProjectError(
        f"{len(known)} tasks end in {name!r}." if ending else f"The run has no task {name!r}.{_close(name, known)}",
        f"DAG {dag}",
        some(known),
    )


def _close(name: str, known: list[str]) -> str:
    # dbt's name of a node is the end of its task's.
    ends = {task.rsplit(".", 1)[-1]: task for task in known}
    return suggestion(name, known) or suggestion(name, list(ends))
