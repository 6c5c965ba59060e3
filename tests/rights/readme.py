"""The tables of ci/README.md, as data: what each role may do, who may take it, and what fails without an action."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parents[2] / "ci" / "README.md"
ROLES = ("Plan", "Deploy", "Ci")
CODE = re.compile(r"`([^`]+)`")


class Right(NamedTuple):
    """A line of the table: an action, its resources, the roles that have it, the verbs that fail without it."""

    action: str
    resources: frozenset[str]
    roles: frozenset[str]
    verbs: frozenset[str]


def _rows(columns: int) -> Iterator[list[str]]:
    for line in README.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == columns:
            yield cells


def rights() -> list[Right]:
    """Return the table of rights."""
    return [_right(cells) for cells in _rows(6)]


def _right(cells: list[str]) -> Right:
    (action,) = CODE.findall(cells[0])
    roles = {role for role, said in zip(ROLES, cells[2:5], strict=True) if said == "yes"}
    return Right(action, *map(frozenset, (CODE.findall(cells[1]), roles, CODE.findall(cells[5]))))


def needs(verb: str) -> set[str]:
    """Return the actions without which a verb fails."""
    return {right.action for right in rights() if verb in right.verbs}


def subjects() -> dict[str, tuple[str, str, str]]:
    """Return the variables of the pipelines: name → output of the stack, `sub` on GitHub, `sub` on GitLab."""
    rows = {CODE.findall(cells[0])[0]: [CODE.findall(cell)[0] for cell in cells[1:]] for cells in _rows(4)}
    return {name: (one, two, three) for name, (one, two, three) in rows.items() if name.startswith("AWS_ROLE_")}
