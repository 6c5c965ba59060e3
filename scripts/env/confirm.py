"""Nothing is changed unasked: a person says so at a terminal, a pipeline by an option."""

from __future__ import annotations

import typer

from mwaa_dbt.errors import ProjectError
from scripts.secrets.ask import can_ask


def confirm(question: str, given: bool, option: str = "--yes") -> None:
    """Return if somebody has said yes, by the option or now at the terminal.

    Raises:
        ProjectError: if there is no terminal to ask at.
        typer.Abort: if the answer is no.
    """
    if given:
        return
    if not can_ask():
        raise _nobody(f"add {option}")
    typer.confirm(question, abort=True, err=True)


def confirm_name(name: str, given: str | None) -> None:
    """Return if somebody has named what is to be deleted, by the option or now at the terminal.

    Raises:
        ProjectError: if there is no terminal to ask at, or the name is another one.
    """
    if given is None:
        if not can_ask():
            raise _nobody(f"add --yes {name}")
        given = typer.prompt(f"Type {name} to delete it", err=True)
    if given != name:
        raise ProjectError(f"{given!r} is not {name!r}: nothing was deleted.", "--yes", f"name it: --yes {name}")


def _nobody(fix: str) -> ProjectError:
    return ProjectError("There is no terminal to ask at, so nothing was changed.", "standard input", fix)
