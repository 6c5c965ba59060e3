"""The `mwaa` command."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.table import Table

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.airflow import commands as operate
from scripts.backfill import commands as backfilling
from scripts.console import err, error_text, out, wide
from scripts.deploy import commands as releases
from scripts.dev import commands as develop
from scripts.env import commands as environments
from scripts.flags import Env, Json
from scripts.history import commands as history
from scripts.local import commands
from scripts.migrate import commands as migration
from scripts.new import commands as making
from scripts.paths import find_project
from scripts.secrets import commands as secrets

if TYPE_CHECKING:
    from scripts.state import Stored

FIXES = {
    errno.ENOSPC: "free some disk space",
    errno.EACCES: "mend its permissions",
    errno.EROFS: "make it writable",
}
app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(making.app, name="new")
develop.register(app)
app.add_typer(releases.app)
app.add_typer(commands.app, name="local")
app.add_typer(secrets.app, name="secrets")
app.add_typer(environments.app, name="env")
app.add_typer(migration.app, name="migrate")
history.register(app)
app.add_typer(operate.app)
backfilling.register(app)
State = Annotated[
    str | None, typer.Option("--state", help="A release's name, `current`, or a build's folder.", metavar="RELEASE")
]


@app.callback()
def root() -> None:
    """Build, rehearse and ship dbt projects for Amazon MWAA."""


@app.command()
def build(environment: Env = "local", state: State = None, as_json: Json = False) -> None:
    """Build build/<environment>/, exactly what lands on S3, and prove that every DAG parses.

    With --state it also tells what has changed since that release: `current`, a release's name, or another
    build's folder.

    Example: mwaa build --env prod --state current
    """
    from scripts import ci_report
    from scripts.build import build as run
    from scripts.state import changed_since, find_stored
    from scripts.target import find_target

    paths = find_project()
    stored = find_stored(state, lambda: find_target(paths, environment).bucket) if state else None
    made = run(paths, environment)
    nodes = changed_since(paths, environment, stored) if stored else None
    if as_json:
        told = {"changed": [asdict(node) for node in nodes]} if nodes is not None else {}
        dags = [asdict(parsed) for parsed in made.parsed]
        out.print_json(json.dumps({"release": made.release, "dags": dags, **told}))
        return
    table = Table("DAG", "file", "tasks", "dbt nodes", "parse, of 30 s")
    for parsed in made.parsed:
        table.add_row(parsed.dag, parsed.file, str(parsed.tasks), str(len(parsed.nodes)), f"{parsed.seconds:.1f} s")
    wide(table)
    if nodes:
        wide(ci_report.changes(nodes))
    out.print(f"build/{environment} is release [bold]{made.release}[/]{_since(stored, nodes)}")


def _since(stored: Stored | None, nodes: Sequence[object] | None) -> str:
    return f", {len(nodes) if nodes else 'no'} nodes changed since {stored.release}" if stored else ""


@app.command()
def ci(
    environment: Env = "local",
    state: State = "current",
    schema: Annotated[
        str | None,
        typer.Option(help="CI's schema, begun with ci_ or pr_; {project} in it is the dbt project.", metavar="NAME"),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the schema there, to look into it.")] = False,
    as_json: Json = False,
) -> None:
    """Build what has changed since a release in a schema of its own, reading the rest from production.

    Then drop the schema. It is pr_<number>_… in a pull request's pipeline, else ci_<user>_….

    Example: mwaa ci --env prod --state current
    """
    from scripts import ci_report
    from scripts.ci import Request
    from scripts.ci import ci as run

    report = run(find_project(), Request(environment, state or "current", schema, keep))
    if as_json:
        out.print_json(json.dumps(ci_report.as_table(report)))
    elif report.outcomes:
        wide(ci_report.results(report))
    else:
        out.print(f"Nothing to build has changed since {report.state}.")
    for outcome in report.outcomes:
        if outcome.error:
            raise outcome.error


@app.command()
def config(environment: Env = "local", as_json: Json = False) -> None:
    """Show the Airflow configuration options of an environment, each with its reason.

    Refuses an option of settings.toml that MWAA sets itself, or that its version of Airflow calls otherwise.

    Example: mwaa config --env prod
    """
    from scripts.config import as_table, read_config, show

    found = read_config(find_project(), environment)
    if as_json:
        out.print_json(json.dumps(as_table(found)))
    else:
        show(found)


@app.command()
def doctor(
    environment: Env = "local",
    only: Annotated[
        list[str] | None, typer.Option("--only", help="One group of checks; may be given again.", metavar="GROUP")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody: no AWS, no network.")] = False,
    smoke: Annotated[bool, typer.Option("--smoke", help="Run the DAG mwaa_check, too; this takes minutes.")] = False,
    as_json: Json = False,
) -> None:
    """Look at all that can be wrong, from this machine to the DAGs in Airflow, and say what mends it.

    Groups: tools, settings, pins, build, sizing; then, asked of AWS or of the rehearsal: bucket, secrets, role,
    environment, containers, dags, drift. Only reads, unless --smoke is given. Exits with 1 if there is a ✗.

    Example: mwaa doctor --env prod --only bucket --only environment
    """
    from scripts.doctor.examine import NAMES, REMOTE, Wish, examine
    from scripts.doctor.report import as_table, show

    for name in only or ():
        if name not in NAMES:
            known = f"{suggestion(name, list(NAMES))} Use one of: {', '.join(NAMES)}"
            raise typer.BadParameter(f"there is no group {name!r}.{known}", param_hint="--only")
        if offline and name in REMOTE:
            raise typer.BadParameter(f"{name} cannot be looked at with --offline", param_hint="--only")
    if smoke and (offline or (only and "containers" not in only)):
        raise typer.BadParameter("the DAG is run with the group containers, which is left out", param_hint="--smoke")
    report = examine(find_project(), environment, Wish(tuple(only or ()), offline, smoke))
    if as_json:
        out.print_json(json.dumps(as_table(report)))
    else:
        show(report)
    if not report.healthy:
        raise typer.Exit(1)


def main() -> None:
    """Run the command; a ProjectError is printed without a traceback and exits with 1."""
    # As Ctrl-C: what was begun is ended in order.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except ProjectError as error:
        _show(error)
    except OSError as error:
        _show(_system_error(error))


def _show(error: ProjectError) -> NoReturn:
    err.print(f"[red]error:[/] {error_text(error)}")
    sys.exit(1)


def _system_error(error: OSError) -> ProjectError:
    """Return what the system refused (no space, no permission …) in the shape that users know."""
    if isinstance(error, shutil.Error):
        # A list of (source, target, text), one for each file of a copied tree; the first says enough.
        _, target, text = error.args[0][0]
        number = int((re.findall(r"Errno (\d+)", text) or ["0"])[0])
        error = OSError(number, os.strerror(number), target)
    fix = FIXES.get(error.errno or 0, "mend what the system refuses")
    where = error.filename or find_project().state
    return ProjectError(
        f"The system says: {error.strerror or error}.", str(where), f"{fix}, then run the command again"
    )


if __name__ == "__main__":
    main()
