"""The dbt project that a verb works on, and what is asked at a terminal if it was not named."""

from __future__ import annotations

import typer

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.new.names import several
from scripts.paths import Paths
from scripts.projects import DbtProject, find_projects
from scripts.secrets.ask import can_ask


def choose_project(paths: Paths, name: str | None, argument: str) -> DbtProject:
    """Return a dbt project: the named one, else the only one, else what a person says.

    Raises:
        ProjectError: if there is none of this name, with the close one.
    """
    known = {one.name: one for one in find_projects(paths.root / "dbt")}
    if name is None:
        name = next(iter(known)) if len(known) == 1 else ask(f"dbt project ({several(known)})", argument)
    if name not in known:
        raise ProjectError(
            f"There is no dbt project {name!r}.{suggestion(name, list(known))}",
            "dbt/",
            f"use one of: {several(known)}, or make it: `mwaa new project {name}`",
        )
    return known[name]


def ask(question: str, argument: str) -> str:
    """Return what a person answers at the terminal.

    Raises:
        typer.BadParameter: if there is no terminal to ask at.
    """
    if not can_ask():
        raise typer.BadParameter(f"give it, since there is no terminal to ask at ({question})", param_hint=argument)
    return str(typer.prompt(question, err=True)).strip()
