"""Options that the verbs share."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, get_type_hints

import typer

Env = Annotated[str, typer.Option("--env", "-e", help="A table of settings.toml.", metavar="NAME")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def takes(options: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a verb have the fields of a dataclass for its options: more than a function of this house may take."""
    hints = get_type_hints(options, include_extras=True)
    signature = inspect.signature(options)
    fields = [one.replace(annotation=hints[name]) for name, one in signature.parameters.items()]

    def given(verb: Callable[..., None]) -> Callable[..., None]:
        # What typer reads in the place of a signature that is written out.
        verb.__signature__ = signature.replace(parameters=fields, return_annotation=None)  # type: ignore[attr-defined]
        return verb

    return given


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


def moment(text: str, option: str) -> datetime:
    """Return an option's day or time, in UTC.

    Raises:
        typer.BadParameter: if it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        what = f"{text!r} is no day or time, e.g. 2026-01-31 or 2026-01-31T05:00"
        raise typer.BadParameter(what, param_hint=option) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
