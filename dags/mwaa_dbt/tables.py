"""Nested tables (TOML or JSON) as typed tuples with names.

Each task's process makes these classes anew, and a dataclass takes seven times as long to make (docs/performance.md).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, NamedTuple, TypeAliasType, Union, get_args, get_origin, get_type_hints

from mwaa_dbt.errors import ProjectError

_NAMES = {str: "a text in quotes", int: "a whole number", bool: "true or false", dict: "a table"}


class Source(NamedTuple):
    """A settings file, kept with its text so that errors can name the line."""

    name: str
    text: str

    def where(self, path: tuple[str, ...]) -> str:
        """Say where a setting stands: file, line if it is written there, and dotted name."""
        return f"{self.line(path)}, {'.'.join(path) or 'top level'}"

    def line(self, path: tuple[str, ...]) -> str:
        """Say the file, and the line if the setting is written there."""
        number = self._number(path)
        return f"{self.name}{f', line {number}' if number else ''}"

    def _number(self, path: tuple[str, ...]) -> int | None:
        table: tuple[str, ...] = ()
        for number, line in enumerate(self.text.splitlines(), 1):
            if header := re.match(r"\s*\[\s*([\w.\-\" ]+)\]", line):
                table = tuple(part.strip(' "') for part in header[1].split("."))
                if table == path:
                    return number
            elif (key := re.match(r"\s*\"?([\w.\-]+)\"?\s*=", line)) and (*table, key[1]) == path:
                return number
        return None


def read[T: tuple[Any, ...]](kind: type[T], table: Any, source: Source, path: tuple[str, ...] = ()) -> T:
    """Make a named tuple of a table.

    Raises:
        ProjectError: on an unknown key ("did you mean"), a missing one or a wrong type; it names the
            file, the line and the allowed form.
    """
    if not isinstance(table, Mapping):
        raise _wrong(table, "a table", source.where(path))
    hints = get_type_hints(kind)
    known, given = list(vars(kind)["_fields"]), vars(kind)["_field_defaults"]
    for key in table:
        if key not in known:
            raise _unknown(key, known, source.where((*path, key)))
    values: dict[str, Any] = {}
    for name in known:
        if name in table:
            values[name] = _value(hints[name], table[name], source, (*path, name))
        elif name not in given:
            raise _missing(name, source, path)
    return kind(**values)


def as_table(value: Any) -> Any:
    """Return the table of which `read` makes a named tuple, without what is None."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {key: as_table(item) for key, item in value.items() if item is not None}
    return [as_table(item) for item in value] if isinstance(value, tuple) else value


def _value(hint: Any, value: Any, source: Source, path: tuple[str, ...]) -> Any:
    hint = _plain(hint)
    if hint is Any:
        return value
    if hasattr(hint, "_fields"):
        return read(hint, value, source, path)
    if get_origin(hint) is Literal:
        return _choice(get_args(hint), value, source.where(path))
    if get_origin(hint) in (Mapping, dict):
        return _mapping(hint, value, source, path)
    if get_origin(hint) is tuple:
        return _list(hint, value, source, path)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise _wrong(value, _NAMES[hint], source.where(path))
    return value


def _plain(hint: Any) -> Any:
    if isinstance(hint, TypeAliasType):
        return _plain(hint.__value__)
    if get_origin(hint) in (UnionType, Union):
        return _plain(next(option for option in get_args(hint) if option is not type(None)))
    return hint


def _mapping(hint: Any, value: Any, source: Source, path: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(value, "a table", source.where(path))
    kind = get_args(hint)[1]
    return {str(key): _value(kind, item, source, (*path, str(key))) for key, item in value.items()}


def _list(hint: Any, value: Any, source: Source, path: tuple[str, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(value, "a list", source.where(path))
    return tuple(_value(get_args(hint)[0], item, source, path) for item in value)


def _choice(allowed: tuple[str, ...], value: Any, where: str) -> Any:
    if value not in allowed:
        raise _wrong(value, "one of " + ", ".join(repr(item) for item in allowed), where)
    return value


def suggestion(word: str, known: list[str]) -> str:
    """Return ' Did you mean …?' for the closest known word, or nothing."""
    close = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _unknown(key: str, known: list[str], where: str) -> ProjectError:
    hint = suggestion(key, known)
    return ProjectError(f"Unknown setting {key!r}.{hint}", where, f"use one of: {', '.join(known)}")


def _missing(name: str, source: Source, path: tuple[str, ...]) -> ProjectError:
    table = ".".join(path) or "top level"
    return ProjectError(
        f"Setting {name!r} is missing.", source.where(path), f"add `{name} = …` to [{table}] in {source.name}"
    )


def _wrong(value: Any, form: str, where: str) -> ProjectError:
    return ProjectError(f"Wrong value {value!r}.", where, f"give {form}")
