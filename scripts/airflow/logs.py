"""The logs of tasks, as Airflow's REST API has them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import typer

from scripts.airflow.environment import Environment
from scripts.airflow.find import find_dag, find_run, find_tasks
from scripts.airflow.lines import Line
from scripts.airflow.log_request import Request
from scripts.airflow.rest import Airflow
from scripts.airflow.run import SETTLED, name_of
from scripts.console import err
from scripts.history.text import count

FAILED_LINES = 30
PAUSE = 3.0  # seconds between two looks at a log that grows


def show(environment: Environment, request: Request) -> None:
    """Print the log of a task, or of all that failed in the run.

    Raises:
        ProjectError: if there is no such DAG, run or task.
    """
    dag = find_dag(environment, str(request.dag)).dag
    run = find_run(environment, dag, request.run)
    airflow = environment.airflow
    instances = airflow.tasks(dag, run.run)
    if request.task:
        found = find_tasks(instances, request.task, dag)
        if request.follow:
            _follow(airflow, found[0], request)
        else:
            _print(airflow, found, request, request.lines)
        return
    failed = [one for one in instances if one["state"] == "failed"]
    _print(airflow, failed, request, request.lines or FAILED_LINES)
    if not failed:
        err.print(f"{dag} · {run.run}: {run.state}, no task failed. Name a task for its log.", markup=False)


def _print(airflow: Airflow, instances: Sequence[dict[str, Any]], request: Request, lines: int | None) -> None:
    for instance in instances:
        if len(instances) > 1 or not request.task:
            err.print(
                f"\n{instance['dag_id']} · {instance['dag_run_id']} · {name_of(instance)}", style="bold", markup=False
            )
        if not instance.get("try_number"):
            err.print(f"{name_of(instance)} has not begun ({instance['state']})", markup=False)
            continue
        found = _read(airflow, instance, request)
        _echo(found[-lines:] if lines else found)
        if lines and len(found) > lines:
            err.print(f"… the last {lines} of {count(len(found), 'line')}", markup=False)


def _read(airflow: Airflow, instance: dict[str, Any], request: Request) -> list[Line]:
    attempt = request.attempt or int(instance.get("try_number") or 0)
    found = airflow.log(instance, attempt) if attempt else []
    return [line for line in found if request.grep in line.shown]


def _echo(lines: Sequence[Line]) -> None:
    if lines:
        typer.echo("\n".join(line.shown for line in lines))


def _follow(airflow: Airflow, instance: dict[str, Any], request: Request) -> None:
    dag, run, name = instance["dag_id"], instance["dag_run_id"], name_of(instance)
    attempt, told = 0, 0
    while True:
        # The state first: what is read after a final state is all there is.
        (instance,) = [one for one in airflow.tasks(dag, run) if name_of(one) == name]
        if instance["try_number"] != attempt and not request.attempt:
            attempt, told = instance["try_number"], 0
            err.print(f"{name}, try {attempt}" if attempt else f"{name} has not begun", markup=False)
        found = _read(airflow, instance, request)
        _echo(found[told:])
        told = len(found)
        if instance["state"] in SETTLED or request.attempt:
            err.print(f"{name}: {instance['state']}", markup=False)
            return
        time.sleep(PAUSE)
