"""The `mwaa` command."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import sys
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from mwaa_dbt.errors import ProjectError
from scripts.console import err, out
from scripts.local import commands
from scripts.paths import find_project

FIXES = {
    errno.ENOSPC: "free some disk space",
    errno.EACCES: "mend its permissions",
    errno.EROFS: "make it writable",
}
app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(commands.app, name="local")
Environment = Annotated[str, typer.Option("--env", "-e", help="A table of settings.toml.", metavar="NAME")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


@app.callback()
def root() -> None:
    """Build, rehearse and ship dbt projects for Amazon MWAA."""


@app.command()
def build(environment: Environment = "local", as_json: Json = False) -> None:
    """Build build/<environment>/, exactly what lands on S3, and prove that every DAG parses.

    Example: mwaa build --env prod
    """
    from scripts.build import build as run

    made = run(find_project(), environment)
    if as_json:
        out.print_json(json.dumps({"release": made.release, "dags": [asdict(parsed) for parsed in made.parsed]}))
        return
    table = Table("DAG", "file", "tasks", "dbt nodes", "parse, of 30 s")
    for parsed in made.parsed:
        table.add_row(parsed.dag, parsed.file, str(parsed.tasks), str(len(parsed.nodes)), f"{parsed.seconds:.1f} s")
    out.print(table)
    out.print(f"build/{environment} is release [bold]{made.release}[/]")


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
    what, where, fix = map(escape, (error.what, error.where, error.fix))
    err.print(f"[red]error:[/] {what}\n  [bold]where:[/] {where}\n  [bold]fix:[/]   {fix}")
    sys.exit(1)


def _system_error(error: OSError) -> ProjectError:
    """Return what the system refused (no space, no permission …) in the shape that users know."""
    if isinstance(error, shutil.Error):
        # A list of (source, target, text), one for each file of a copied tree; the first says enough.
        _, target, text = error.args[0][0]
        number = int((re.findall(r"Errno (\d+)", text) or ["0"])[0])
        error = OSError(number, os.strerror(number), target)
    fixes = {
        errno.ENOSPC: "free some disk space",
        errno.EACCES: "mend its permissions",
        errno.EROFS: "make it writable",
    }
    fix = fixes.get(error.errno or 0, "mend what the system refuses")
    where = error.filename or find_project().state
    return ProjectError(
        f"The system says: {error.strerror or error}.", str(where), f"{fix}, then run the command again"
    )


if __name__ == "__main__":
    main()
