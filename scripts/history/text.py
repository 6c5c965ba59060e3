"""Texts of the archive as a terminal may show them. Whoever can write to a warehouse can write into dbt's errors."""

from __future__ import annotations

import re
from collections.abc import Sequence

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_HASH = re.compile(r"[0-9a-f]{10}")
_PARTS = 3  # of dbt's unique id: kind, package, name


def clean(text: str) -> str:
    """Return a text without the codes that move, colour or reorder what a terminal shows."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else " " for one in _COLOURS.sub("", text))


def line(text: str, width: int) -> str:
    """Return a text in one line of this width."""
    whole = " ".join(text.split())
    return whole if len(whole) <= width else whole[: width - 1] + "…"


def count(number: int, what: str) -> str:
    """Return how many there are of something."""
    return f"{number} {what}{'s' * (number != 1)}"


def first(names: Sequence[str], most: int) -> str:
    """Return the first of some names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def short(node: str) -> str:
    """Return a node's name without kind and package, and a test's without its hash."""
    name = node.split(".", _PARTS - 1)[-1]
    head, _, tail = name.rpartition(".")
    return head if node.startswith("test.") and head and _HASH.fullmatch(tail) else name


def kind(node: str) -> str:
    """Return what a node is: model, test or seed, for example."""
    return node.split(".", 1)[0]
