"""`mwaa trigger`: one run, and on demand its end."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

import requests
import typer

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment, find_environment
from scripts.airflow.find import find_dag, find_run
from scripts.airflow.overview import run_table
from scripts.airflow.pausing import set_paused
from scripts.airflow.rest import run_path
from scripts.airflow.run import DONE, show, watch
from scripts.aws import RestError
from scripts.console import err, out
from scripts.flags import Env, Json, json_object, takes

Conf = Annotated[str, typer.Option("--conf", help="The run's whole conf, as JSON.", metavar="JSON")]
Select = Annotated[str, typer.Option("--select", help="Only these nodes, in dbt's syntax.")]
Variables = Annotated[str, typer.Option("--vars", help="dbt vars, as JSON.", metavar="JSON")]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Rebuild incremental models.")]
RunId = Annotated[
    str | None, typer.Option("--run-id", help="The run's id: one that is there is not started again.", metavar="ID")
]
Unpause = Annotated[bool, typer.Option("--unpause", help="Unpause the DAG first; its schedule runs from then on, too.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the tasks to the end; the exit code is the run's.")]


@dataclass(frozen=True)
class Request:
    """The argument and the options."""

    dag: Annotated[str, typer.Argument(help="The DAG's id.")]
    environment: Env = "local"
    select: Select = ""
    full_refresh: FullRefresh = False
    variables: Variables = "{}"
    conf: Conf = "{}"
    run_id: RunId = None
    unpause: Unpause = False
    wait: Wait = False
    as_json: Json = False

    def body(self) -> dict[str, Any]:
        """Return the run's conf.

        Raises:
            typer.BadParameter: if a JSON is none, or two options say the same.
        """
        conf = json_object(self.conf, "--conf")
        named = {
            "select": self.select,
            "full_refresh": self.full_refresh,
            "vars": json_object(self.variables, "--vars"),
        }
        given = {name: value for name, value in named.items() if value}
        if twice := sorted(given.keys() & conf.keys()):
            raise typer.BadParameter(f"{', '.join(twice)} is in there, and an option, too", param_hint="--conf")
        return {**conf, **given}


def register(app: typer.Typer) -> None:
    """Add the verb to the `mwaa` command."""
    app.command()(trigger)


@takes(Request)
def trigger(**given: Any) -> None:
    """Start a run of a DAG; with --wait, follow its tasks to the end.

    Ctrl-C then ends the watching, not the run.

    Example: mwaa trigger jaffle_shop --env prod --select tag:finance --wait
    """
    request = Request(**given)
    conf = request.body()
    environment = find_environment(request.environment)
    _make_ready(environment, request)
    run, begun = _start(environment, request, conf)
    if request.wait:
        err.print(f"{'started' if begun else 'there already'}: {run}", markup=False)
        raise typer.Exit(0 if _follow(environment, request, run) == "success" else 1)
    _tell(environment, request, run, begun)


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
