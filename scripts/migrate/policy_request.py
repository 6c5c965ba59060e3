"""`mwaa migrate policy`: what it may be asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from scripts.flags import Json, takes
from scripts.migrate.between import Between
from scripts.migrate.transfer import Folder, Role


@dataclass(frozen=True)
class Request(Between):
    """The options."""

    whom: Annotated[
        Literal["operator", "execution", "role"],
        typer.Option("--for", help="Who runs the commands; the old execution role; the role that it takes: --role."),
    ] = "operator"
    role: Role = None
    folder: Folder = None
    as_json: Json = False


def register(app: typer.Typer) -> None:
    """Add the verb to `mwaa migrate`."""
    app.command()(policy)


@takes(Request)
def policy(**given: Any) -> None:
    """Print the IAM policy that a migration needs for as long as it takes, and no more.

    In two accounts, whoever has a profile of each attaches it in both.

    Example: mwaa migrate policy --from old-prod --env prod --for execution
    """
    request = Request(**given)
    from mwaa_dbt.settings import load
    from scripts.migrate.place import find_place
    from scripts.migrate.policy import policy as made
    from scripts.paths import find_project

    sides, settings = request.sides(), load(find_project().settings).environment(request.environment)
    place = find_place(sides.new, sides.old.mwaa.name, request.folder)
    found = made(sides, settings, place, request.whom, request.role)
    # It is JSON for a person, too: it is pasted.
    typer.echo(json.dumps(found, indent=None if request.as_json else 2))
