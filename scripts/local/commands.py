"""`mwaa local …`: the rehearsal on one machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from mwaa_dbt.settings import load
from scripts.console import out, step, wide
from scripts.flags import Json, json_object
from scripts.local.executor import Executor, asks_executor, usual
from scripts.paths import Paths, find_project

if TYPE_CHECKING:
    from scripts.local.api import Api
    from scripts.local.state import Rehearsal

app = typer.Typer(no_args_is_help=True)

Port = Annotated[int | None, typer.Option(help="The UI's. \\[default: 8080 if free, else any]", show_default=False)]


@app.callback()
def root() -> None:
    """Rehearse a release on one machine: Airflow as on MWAA, S3, Secrets Manager, Snowflake and Slack."""


@app.command()
@asks_executor
def up(port: Port = None, *, wanted: Executor | None) -> None:
    """Build, then start the rehearsal and leave it running.

    Example: mwaa local up --executor celery --workers 2 --slots 5
    """
    from scripts.local import rehearsal

    paths = find_project()
    rehearsal.refuse_second(paths)
    started = rehearsal.up(paths, _built(paths), wanted or usual(load(paths.settings).project.airflow_version), port)
    out.print(f"Airflow is at {started.url('airflow')} (no login). Next: mwaa local run <dag>, mwaa local down")


@app.command()
@asks_executor
def run(
    dag: Annotated[str, typer.Argument(help="The DAG's id.")],
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Rebuild incremental models.")] = False,
    select: Annotated[str, typer.Option(help="Only these nodes, in dbt's syntax.")] = "",
    variables: Annotated[str, typer.Option("--vars", help="dbt vars, as JSON.")] = "{}",
    as_json: Json = False,
    *,
    wanted: Executor | None,
) -> None:
    """Build, ship and run a DAG; the exit code is the run's. Starts a rehearsal for it if none is up.

    Example: mwaa local run jaffle_shop --select tag:finance
    """
    from scripts.airflow.run import show, watch
    from scripts.local.api import Api
    from scripts.local.manifests import read_relations
    from scripts.local.rows import count_rows
    from scripts.local.state import ENVIRONMENT
    from scripts.release import check_dag

    conf = {"full_refresh": full_refresh, "select": select, "vars": json_object(variables, "--vars")}
    paths = find_project()
    build = _built(paths)
    check_dag(build, dag)
    with _rehearsal(paths, build, wanted) as (rehearsal, since):
        run_id = _trigger(api := Api(rehearsal), dag, since, conf)
        result = watch(api, dag, run_id)
        environment = load(paths.settings).environment(ENVIRONMENT)
        show(result, count_rows(rehearsal, environment, read_relations(build)), as_json)
    raise typer.Exit(0 if result.state == "success" else 1)


@app.command()
def status(as_json: Json = False) -> None:
    """Say what runs, and where.

    Example: mwaa local status --json
    """
    from scripts.local.state import needed

    rehearsal = needed(find_project())
    states = {name: member.alive for name, member in rehearsal.members.items()}
    if as_json:
        urls = {server: rehearsal.url(server) for server in rehearsal.ports}
        out.print_json(json.dumps({"urls": urls, "processes": states}))
    else:
        table = Table("process", "pid", "state")
        for name, member in rehearsal.members.items():
            table.add_row(name, str(member.pid), "[green]running[/]" if member.alive else "[red]ended[/]")
        out.print(table, f"Airflow: {rehearsal.url('airflow')}", sep="\n")
    raise typer.Exit(0 if all(states.values()) else 1)


@app.command()
def api(
    as_json: Json = False,
    export: Annotated[bool, typer.Option("--export", help="Print lines for a shell's eval.")] = False,
) -> None:
    """Say how to point boto3, the AWS CLI or another client at the rehearsal's MWAA API (docs/local-api.md).

    Example: mwaa local api --export
    """
    from scripts.local import pointers

    if as_json and export:
        raise typer.BadParameter("goes without --json", param_hint="--export")
    pointed = pointers.point(find_project())
    if as_json:
        out.print_json(json.dumps(pointed))
    elif export:
        out.print(pointers.exports(pointed), markup=False)
    else:
        wide(pointers.table(pointed))
        out.print(pointers.NEXT.format(**pointed), markup=False)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="A process, 'startup', or a task id.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 50,
) -> None:
    """Show the end of a log; without a name, the logs there are.

    Example: mwaa local logs scheduler -n 200
    """
    from scripts.local.logs import find_log, known_logs

    paths = find_project()
    if name is None:
        out.print("\n".join(known_logs(paths)) or "no logs yet: run `mwaa local up`")
        return
    text = find_log(paths, name).read_text(errors="replace").splitlines()
    out.print("\n".join(text[-lines:]), markup=False)


@app.command()
def down() -> None:
    """End the rehearsal; nothing is left running.

    Example: mwaa local down
    """
    from scripts.local import rehearsal

    ended = rehearsal.down(find_project())
    out.print(f"Ended {ended} processes." if ended else "No rehearsal was running.")


def _built(paths: Paths) -> Path:
    from scripts.build import build
    from scripts.fingerprint import is_current
    from scripts.local.state import ENVIRONMENT

    if not is_current(paths, ENVIRONMENT):
        return build(paths, ENVIRONMENT).folder
    with step(f"build/{ENVIRONMENT}, as built before: no source has changed"):
        return paths.build(ENVIRONMENT)


@contextmanager
def _rehearsal(paths: Paths, build: Path, wanted: Executor | None) -> Iterator[tuple[Rehearsal, float]]:
    """Give the rehearsal that runs here the new build, or start one and end it afterwards."""
    from scripts.local import rehearsal
    from scripts.local.state import find

    version = load(paths.settings).project.airflow_version
    if running := find(paths):
        rehearsal.refuse_other(running, version, wanted)
        yield running, rehearsal.ship(paths, running, build)
        return
    started = rehearsal.up(paths, build, wanted or usual(version))
    try:
        yield started, 0.0
    finally:
        rehearsal.down(paths)


def _trigger(api: Api, dag: str, since: float, conf: dict[str, Any]) -> str:
    with step(f"DAG {dag} parsed by Airflow"):
        api.wait_for_dag(dag, since)
    return api.trigger(dag, {key: value for key, value in conf.items() if value})
