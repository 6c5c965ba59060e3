"""Configuration options of the old environment under the new version's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from scripts.env.renamed import bring, defaults
from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move
from scripts.refused import BLOCKED

LOST = Rule("option", "changes", "a configuration option that the new version does not heed, or calls otherwise")
REFUSED = Rule("option-refused", "breaks", "a configuration option that MWAA's API refuses")
DEFAULT = Rule("option-default", "changes", "a configuration option that is not set, and whose default has changed")
PICKLING = "core.enable_xcom_pickling"


def check(given: Mapping[str, str], where: str, move: Move) -> tuple[Move, list[Finding]]:
    """Return what becomes of options, and the move with them as the new version knows them.

    Args:
        given: the old environment's options.
        where: what to name as their place.
        move: from which version to which.
    """
    found, brought = list[Finding](), dict[str, str]()
    for name, value in given.items():
        mapped = bring({name: value}, move.after, move.after)
        brought |= mapped.options
        found += _told(name, [*mapped.lost, *mapped.renamed], where, move)
    for name, old, new in defaults(brought, move.before, move.after) if given else ():
        what = f"{name} is not set: it was {old}, and is {new} in Airflow 3"
        found.append(DEFAULT.at(where, 0, what, f'set "{name}" = "{old}" to keep it'))
    return replace(move, options=brought), found


def _told(name: str, lines: list[str], where: str, move: Move) -> Iterator[Finding]:
    for line in lines:
        rule, fix = LOST, "leave it out"
        if name in BLOCKED:
            rule = REFUSED
        elif " → " in line:
            fix = f"write {line.rpartition(' → ')[2]}"
        elif name == PICKLING:
            fix = "return what JSON can hold from tasks; Airflow 3 serializes XComs itself"
        what = line if line.startswith("option ") else f"option {line} in Airflow {move.after}"
        yield rule.at(where, 0, what, fix)
