"""`mwaa airflow`, `dags`, `runs`, `trigger`, `pause`, `unpause`, `errors`, `logs` and `open`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Literal

import typer
from rich.markup import escape

from scripts.airflow import log_request, triggering
from scripts.console import err, out
from scripts.flags import Env, Json

app = typer.Typer()
triggering.register(app)
log_request.register(app)
Names = Annotated[list[str], typer.Argument(help="DAG ids, or patterns in quotes: 'shop_*'.", metavar="DAG")]
State = Literal["queued", "running", "success", "failed"]


@app.command(context_settings={"allow_interspersed_args": False})
def airflow(
    words: Annotated[list[str], typer.Argument(help="Airflow's own words, options too.", metavar="COMMAND")],
    environment: Env = "local",
    allow_secret: Annotated[
        bool, typer.Option("--allow-secret", help="Send arguments with a secret in them all the same.")
    ] = False,
) -> None:
    """Run one command of Airflow's own CLI in the environment; output and exit code are the command's.

    --env stands before the command: all that follows its first word is Airflow's.

    Example: mwaa airflow --env prod dags list -o json
    """
    from scripts.airflow import cli, guard
    from scripts.airflow.environment import find_environment

    if any(word.split("=")[0] in ("--env", "--allow-secret") for word in words):
        raise typer.BadParameter(f"stands before {words[0]!r}", param_hint="--env, --allow-secret")
    found = find_environment(environment)
    guard.check_command(found, words)
    if not allow_secret:
        guard.check_secrets(found, words)
    with err.status(f"airflow {words[0]} …"):
        output = cli.run(found, words)
    for stream, data in ((sys.stdout, output.out), (sys.stderr, output.err)):
        stream.buffer.write(data)
        stream.flush()
    raise typer.Exit(output.code)


@app.command()
def dags(
    names: Annotated[list[str] | None, typer.Argument(help="Ids or patterns. \\[default: all]", metavar="DAG")] = None,
    environment: Env = "local",
    as_json: Json = False,
) -> None:
    """List the DAGs: paused or not, schedule, next run, last run.

    Example: mwaa dags --env prod 'jaffle_*'
    """
    from scripts.airflow import overview
    from scripts.airflow.environment import find_environment

    found = overview.read_dags(find_environment(environment), names or ())
    if as_json:
        out.print_json(json.dumps(overview.dags_table(found)))
    elif found:
        overview.show_dags(found)
    else:
        out.print(
            f"No DAG is there: `mwaa deploy --env {environment}` brings some, `mwaa errors` shows what is broken."
        )


@app.command()
def runs(
    dag: Annotated[str, typer.Argument(help="The DAG's id.")],
    environment: Env = "local",
    state: Annotated[State | None, typer.Option("--state", help="Only runs in this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List the runs of a DAG, the newest first.

    Example: mwaa runs jaffle_shop --env prod --state failed
    """
    from scripts.airflow import find, overview
    from scripts.airflow.environment import find_environment

    where = find_environment(environment)
    name = find.find_dag(where, dag).dag
    found = find.newest_runs(where.airflow, name, limit, state)
    if as_json:
        out.print_json(json.dumps([overview.run_table(run) for run in found]))
    elif found:
        overview.show_runs(found)
    else:
        out.print(f"{name} has no run{f' in state {state}' if state else ' yet'}.")


@app.command()
def pause(names: Names, environment: Env = "local", as_json: Json = False) -> None:
    """Pause DAGs: no run of theirs begins, and in one that runs no further task; the tasks that run come to their end.

    Example: mwaa pause 'jaffle_*' --env prod
    """
    _pause(names, environment, True, as_json)


@app.command()
def unpause(names: Names, environment: Env = "local", as_json: Json = False) -> None:
    """Let paused DAGs run again.

    Example: mwaa unpause jaffle_shop --env prod
    """
    _pause(names, environment, False, as_json)


def _pause(names: list[str], environment: str, paused: bool, as_json: bool) -> None:
    from scripts.airflow.environment import find_environment
    from scripts.airflow.pausing import change
    from scripts.history.text import count

    done = change(find_environment(environment), names, paused)
    if as_json:
        out.print_json(json.dumps(asdict(done)))
        return
    word = "paused" if paused else "unpaused"
    for dag in done.changed:
        out.print(f"{dag} is {word}", markup=False)
    for dag in done.already:
        out.print(f"{dag} was {word} already", markup=False)
    if left := done.unfinished:
        told = ", ".join(f"{count(len(runs), 'run')} of {dag}" for dag, runs in left.items())
        err.print(f"[yellow]![/] Begun and not ended: {escape(told)}. Until it is unpaused, no further task starts.")


@app.command()
def errors(environment: Env = "local", as_json: Json = False) -> None:
    """Show DAG files that do not import, and Airflow's warnings of DAGs; exit code 1 if there are any.

    Example: mwaa errors --env prod
    """
    from scripts.airflow import overview
    from scripts.airflow.environment import find_environment

    found = overview.read_faults(find_environment(environment).airflow)
    if as_json:
        out.print_json(json.dumps([asdict(fault) for fault in found]))
    else:
        overview.show_faults(found)
        out.print(f"{len(found)} found" if found else "No import errors, no warnings.")
    raise typer.Exit(1 if found else 0)


@app.command("open")
def open_ui(
    environment: Env = "local",
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the address instead: it logs in whoever has it within 60 seconds.")
    ] = False,
) -> None:
    """Open Airflow's UI in the browser, logged in.

    Example: mwaa open --env prod
    """
    from scripts.airflow.environment import find_environment
    from scripts.airflow.login import SECONDS, login_url, open_browser

    found = find_environment(environment)
    if print_only:
        typer.echo(login_url(found))
        err.print(f"It logs in whoever opens it within {SECONDS} seconds: show it to nobody.")
    else:
        open_browser(found)
        out.print(f"Airflow of {found.mwaa.name} is in the browser.")
