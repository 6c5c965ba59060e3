"""Where in a text an error is: Snowflake's positions, lines of models, entries of YAML files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

POSITION = re.compile(r"\bline (\d+) at position (\d+)")
JINJA = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})")
AROUND = 1  # lines before and after
WIDEST = 160  # characters of a line


@dataclass(frozen=True)
class Place:
    """A position in a statement: line and column, both from 0."""

    line: int
    column: int


def place(message: str, sql: str) -> Place | None:
    """Return where in a statement Snowflake found an error; None if its message does not say.

    Snowflake counts lines from 1 and positions from 0, in the statement as it was sent.
    """
    found = POSITION.search(message)
    lines = sql.strip().splitlines()
    if found is None or not 0 < int(found[1]) <= len(lines):
        return None
    return Place(int(found[1]) - 1, min(int(found[2]), len(lines[int(found[1]) - 1])))


def excerpt(sql: str, at: Place) -> tuple[str, ...]:
    """Return the lines around a place, numbered as the database numbers them, with a caret below it."""
    lines = sql.strip().splitlines()
    width = len(str(at.line + AROUND + 1))
    start = max(0, at.column - WIDEST // 2) if len(lines[at.line]) > WIDEST else 0
    shown = []
    for number in range(max(0, at.line - AROUND), min(len(lines), at.line + AROUND + 1)):
        shown.append(f"{number + 1:>{width}} | {lines[number].expandtabs(1)[start : start + WIDEST]}".rstrip())
        if number == at.line:
            shown.append(f"{'':>{width}} | {'':>{at.column - start}}^")
    return tuple(shown)


def source_line(source: list[str], sql: str, at: Place) -> int | None:
    """Return the line (from 1) of a model's file that became a line of the statement; None if that is not certain."""
    lines = [line.strip() for line in sql.strip().splitlines()]
    wanted = lines[at.line]
    twins = [number for number, line in enumerate(lines) if line == wanted]
    same = [number for number, line in enumerate(source) if line.strip() == wanted]
    if not same:
        same = [number for number, line in enumerate(source) if _renders(line.strip(), wanted)]
    return same[twins.index(at.line)] + 1 if wanted and len(same) == len(twins) else None


def _renders(template: str, line: str) -> bool:
    parts = JINJA.split(template)
    if len(parts) == 1 or not "".join(parts[::2]).strip():
        return False
    return re.fullmatch("".join(".*" if JINJA.fullmatch(part) else re.escape(part) for part in parts), line) is not None


def yaml_line(text: str, name: str, column: str | None) -> int | None:
    """Return the line (from 1) where a properties file names a node, or a column of it."""
    import yaml  # type: ignore[import-untyped,unused-ignore]

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    entries = [entry for _, section in _pairs(root) for entry in _items(section)]
    # Tables stand one level deeper, below their source.
    entries += [
        table for entry in entries for key, tables in _pairs(entry) if key == "tables" for table in _items(tables)
    ]
    node = next((entry for entry in entries if _name(entry) == name), None)
    if node is None:
        return None
    columns = _items(dict(_pairs(node)).get("columns"))
    found = next((one for one in columns if column and _name(one) == column), node)
    return int(found.start_mark.line) + 1


def _pairs(node: Any) -> list[tuple[str, Any]]:
    value = getattr(node, "value", None)
    pairs = value if node is not None and getattr(node, "id", "") == "mapping" and isinstance(value, list) else []
    return [(str(key.value), item) for key, item in pairs]


def _items(node: Any) -> list[Any]:
    return list(node.value) if getattr(node, "id", "") == "sequence" else []


def _name(node: Any) -> str | None:
    return next((str(value.value) for key, value in _pairs(node) if key == "name"), None)
