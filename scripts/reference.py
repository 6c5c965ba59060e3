"""`python -m scripts.reference`: docs/reference/ from the code, so that it cannot say anything else."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import typer

from mwaa_dbt import settings
from scripts.cli import app
from scripts.paths import find_project

FOLDER = Path("docs", "reference")
MADE = "<!-- Made by `make reference`. -->\n"
TABLES = {
    "project": settings.Project,
    "environments.<name>": settings.Environment,
    "environments.<name>.snowflake": settings.Snowflake,
    "environments.<name>.slack": settings.Slack,
    "environments.<name>.tasks": settings.Tasks,
    "environments.<name>.secrets": settings.Secrets,
    "environments.<name>.connections.<id>": settings.Connection,
    "environments.<name>.mwaa": settings.Mwaa,
    "environments.<name>.mwaa.logs": settings.Logs,
    "environments.<name>.network": settings.Network,
    "environments.<name>.alarms": settings.Alarms,
}


def pages() -> dict[str, str]:
    """Return the pages by file name."""
    made = {"verbs.md": verbs(), "settings.md": keys()}
    return {name: re.sub(r"\n{3,}", "\n\n", text) for name, text in made.items()}


def verbs() -> str:
    """Return what each verb of the `mwaa` command takes."""
    told = [_verb(words, command) for words, command in _commands(typer.main.get_command(app))]
    head = "# Verbs\n\nAll that `mwaa --help` says, in one place. Exit codes: 0 done, 1 failed, 2 wrong usage.\n"
    return "\n".join([MADE + head, *told])


def _commands(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield " ".join(("mwaa", *path)), command
        return
    for name, child in command.commands.items():
        yield from _commands(child, *path, name)


def _verb(words: str, command: Any) -> str:
    text, _, example = inspect.cleandoc(command.help or "").partition("Example: ")
    rows = [_parameter(one) for one in command.params if one.name != "help"]
    table = "\n".join(["| | | default |", "| --- | --- | --- |", *rows]) + "\n" if rows else ""
    return f"## {words}\n\n{_plain(text.strip())}\n\n```console\n$ {example.strip()}\n```\n\n{table}"


def _parameter(one: Any) -> str:
    named = [name for name in (*one.opts, *one.secondary_opts) if name.startswith("-")]
    value = "" if getattr(one, "is_flag", False) else f" {one.metavar or _form(one.type_descriptor.annotation)}"
    name = f"{', '.join(named)}{value}" if named else f"{one.metavar or one.name}"
    helped, _, told = (getattr(one, "help", None) or "").partition("[default: ")
    default = told.rstrip("]\\ ") or _default(one.default)
    return f"| `{name.strip()}` | {_plain(helped.strip())} | {default} |"


def _form(annotation: Any) -> str:
    """Return what stands for an option's value: the words that may be said, or the kind of it."""
    if typing.get_origin(annotation) is Literal:
        return "\\|".join(typing.get_args(annotation))
    return getattr(annotation, "__name__", "text").upper()


def _default(value: Any) -> str:
    known = value is not None and value is not False and value != "" and not str(value).startswith("Sentinel")
    return f"`{value}`" if known else ""


def _plain(text: str) -> str:
    return text.replace("\\[", "[").rstrip("\\ ").replace("|", "\\|").replace("<", "&lt;")


def keys() -> str:
    """Return what each table of settings.toml may say."""
    told = [_table(name, made) for name, made in TABLES.items()]
    head = "# settings.toml\n\nEach key with its kind and default; an unknown key is an error.\n"
    return "\n".join([MADE + head, *told])


def _table(name: str, made: Any) -> str:
    text = " ".join((inspect.getdoc(made) or "").split("\n\nArgs:")[0].replace("\n\n", "\v").split("\n")).replace(
        "\v", "\n\n"
    )
    hints = typing.get_type_hints(made)
    rows = [f"| `{key}` | {kind(hint)} | {_value(made, key)} |" for key, hint in hints.items() if not _is_table(hint)]
    table = "\n".join(["| key | kind | default |", "| --- | --- | --- |", *rows])
    return f"## `[{name}]`\n\n{_plain(text)}\n\n{table}\n"


def _is_table(hint: Any) -> bool:
    """Say whether a key is a table with a section of its own."""
    parts = [one for one in typing.get_args(hint) or (hint,) if one is not type(None)]
    return any(one in TABLES.values() for one in parts)


def _value(made: Any, key: str) -> str:
    if key not in made._field_defaults:
        return "required"
    value = made._field_defaults[key]
    return "" if value is None or (isinstance(value, Mapping | tuple) and not value) else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def kind(hint: Any) -> str:
    """Return what a person writes for a type of the settings."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, typing.TypeAliasType):
        return kind(hint.__value__)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(kind(one) for one in parts if one is not type(None))
    if origin is Literal:
        return ", ".join(f"`{_toml(one)}`" for one in parts)
    if origin is tuple:
        return f"list of {kind(parts[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"table of {kind(parts[1])}"
    return {str: "text", int: "number", bool: "`true`, `false`", float: "number", Any: "anything"}.get(hint, str(hint))


def write(root: Path) -> None:
    """Write the pages."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write(find_project().root)
