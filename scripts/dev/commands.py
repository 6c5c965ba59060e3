"""`mwaa dev`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from scripts.console import err
from scripts.flags import Json, takes
from scripts.paths import find_project


@dataclass(frozen=True)
class Dev:
    """The options of `mwaa dev`."""

    project: Annotated[str | None, typer.Argument(help="A folder in dbt/. \\[default: the only one]")] = None
    target: Annotated[
        str, typer.Option("--target", "-t", help="A table of settings.toml: where it builds.", metavar="NAME")
    ] = "local"
    once: Annotated[bool, typer.Option("--once", help="One round; the exit code says whether all went well.")] = False
    select: Annotated[
        list[str] | None, typer.Option("--select", "-s", help="With --once: these nodes, in dbt's syntax.")
    ] = None
    rows: Annotated[int, typer.Option(min=0, max=100, help="Rows shown of each node that changed.")] = 5
    as_json: Json = False

    def check(self) -> None:
        """Refuse what makes no sense together."""
        if self.select and not self.once:
            raise typer.BadParameter("goes with --once; a save says by itself what changed", param_hint="--select")


def register(app: typer.Typer) -> None:
    """Add the verb to the `mwaa` command."""
    app.command()(dev)


@takes(Dev)
def dev(**given: Any) -> None:
    """Watch a dbt project; on each save build what changed and what depends on it, and show rows and tests.

    Everything goes to a schema of your own, DEV_<user>_…; what a node needs and is not there yet is built first.
    Errors are shown with file and line, and the loop goes on until Ctrl-C.

    Example: mwaa dev jaffle_shop --once --select stg_orders
    """
    from scripts.dev import loop
    from scripts.dev.kit import open_kit
    from scripts.new.chosen import choose_project

    (wanted := Dev(**given)).check()
    paths = find_project()
    project = choose_project(paths, wanted.project, "PROJECT")
    manner = loop.Manner(wanted.rows, wanted.as_json)
    with open_kit(paths, project, wanted.target) as kit:
        if wanted.once:
            raise typer.Exit(0 if loop.once(kit, manner, wanted.select or []) else 1)
        try:
            loop.follow(kit, manner)
        except KeyboardInterrupt:
            # The way to end it, and no failure.
            err.print("ended")
