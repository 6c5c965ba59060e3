"""The `mwaa` command."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mwaa_dbt.errors import ProjectError
from scripts.console import err, out
from scripts.local import commands
from scripts.paths import find_project

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
        what, where, fix = map(escape, (error.what, error.where, error.fix))
        err.print(f"[red]error:[/] {what}\n  [bold]where:[/] {where}\n  [bold]fix:[/]   {fix}")
        sys.exit(1)


if __name__ == "__main__":
    main()
