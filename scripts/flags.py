"""Options that the verbs share."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

Env = Annotated[str, typer.Option("--env", "-e", help="A table of settings.toml.", metavar="NAME")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def json_object(text: str, option: str) -> dict[str, Any]:
    """Return the object of an option's JSON.

    Raises:
        typer.BadParameter: if it is no JSON, or no object.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"{text!r} is no JSON: {error}", param_hint=option) from None
    if not isinstance(value, dict):
        raise typer.BadParameter(f'{text!r} is no JSON object, e.g. \'{{"day": "2026-01-31"}}\'', param_hint=option)
    return value
