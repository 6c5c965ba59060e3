"""A run of a DAG: started once, followed if that is wanted."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import requests

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment, find_environment
from scripts.airflow.find import find_dag, find_run
from scripts.airflow.overview import run_table
from scripts.airflow.pausing import set_paused
from scripts.airflow.rest import run_path
from scripts.airflow.run import DONE, show, watch
from scripts.airflow.triggering import Request
from scripts.aws import RestError
from scripts.console import err, out


def start(request: Request, conf: dict[str, Any]) -> bool:
    """Start a run, or find the one of that id, and print it; return whether it went well, as far as that was awaited.

    Raises:
        ProjectError: if there is no such DAG, it is paused, or Airflow refuses.
    """
    environment = find_environment(request.environment)
    _make_ready(environment, request)
    run, begun = _start(environment, request, conf)
    if request.wait:
        err.print(f"{'started' if begun else 'there already'}: {run}", markup=False)
        return _follow(environment, request, run) == "success"
    _tell(environment, request, run, begun)
    return True


def _follow(environment: Environment, request: Request, run: str) -> str:
    again = f"`mwaa trigger {request.dag} --env {environment.name} --run-id {run} --wait`"
    try:
        result = watch(environment.airflow, request.dag, run)
    except KeyboardInterrupt:
        err.print(f"The run goes on; {again} follows it again.", markup=False)
        raise
    except ProjectError as error:
        what, fix = f"{error.what} The run goes on.", f"{again} follows it again; before that: {error.fix}"
        raise ProjectError(what, error.where, fix) from None
    # The run's own time: it may have begun, and ended, long before this command.
    seconds = find_run(environment, request.dag, run).seconds or 0.0
    show(replace(result, seconds=seconds), as_json=request.as_json)
    return result.state


def _make_ready(environment: Environment, request: Request) -> None:
    dag = find_dag(environment, request.dag)
    if not dag.paused:
        return
    if request.unpause:
        set_paused(environment.airflow, dag.dag, False)
        err.print(f"{dag.dag} is unpaused; its schedule runs from now on.", markup=False)
        return
    raise ProjectError(
        f"DAG {dag.dag} is paused: a run of it would stay queued.",
        f"DAG {dag.dag} in {environment.mwaa.name}",
        f"`mwaa trigger {dag.dag} --env {environment.name} --unpause`; its schedule runs from then on, too",
    )


def _start(environment: Environment, request: Request, conf: dict[str, Any]) -> tuple[str, bool]:
    """Start the run; return its id, and whether that was done by this command.

    The id is made here, so that a request that is sent again, since its answer got lost, starts no second run.
    """
    run = request.run_id or f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    try:
        return environment.airflow.trigger(request.dag, conf, run), True
    except RestError as error:
        if error.status != requests.codes.conflict or not environment.airflow.call("GET", run_path(request.dag, run)):
            raise
        return run, request.run_id is None


def _tell(environment: Environment, request: Request, run: str, begun: bool) -> None:
    state = find_run(environment, request.dag, run)
    if request.as_json:
        out.print_json(json.dumps({**run_table(state), "started": begun}))
        return
    out.print(f"{request.dag} · {run}: {state.state}{'' if begun else ', there already; not started again'}")
    if state.state not in DONE:
        err.print(f"`mwaa runs {request.dag} --env {environment.name}` tells its state", markup=False)
