"""One finished dbt group of a DAG run, as a line of the index tells it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mwaa_dbt import states
from scripts.history.text import clean

FAILED = (*states.FAILED, "partial success")
PASSED = ("success", "pass", "warn")
# Where a group of a run is told again, the later line holds.
type Key = tuple[str, str, str]


class Node(NamedTuple):
    """What came of one node: dbt's status, its start after the run's, its seconds, its tries."""

    status: str
    start: float
    seconds: float
    tries: int

    @property
    def failed(self) -> bool:
        """Whether it failed; what was skipped has not."""
        return self.status in FAILED

    @property
    def ran(self) -> bool:
        """Whether dbt did anything: neither skipped nor a no-op."""
        return self.status in FAILED or self.status in PASSED


@dataclass(frozen=True, slots=True)
class Run:
    """One dbt group of a DAG run: when, how long, how it ended, and what came of its nodes, by unique id."""

    dag: str
    run: str
    group: str
    project: str
    release: str
    git: str | None
    at: datetime
    seconds: float
    state: str
    nodes: Mapping[str, Node]
    errors: Mapping[str, str]

    @property
    def key(self) -> Key:
        """What tells it from others."""
        return self.dag, self.run, self.group

    @property
    def title(self) -> str:
        """The DAG, and the group if it has another name."""
        return self.dag if self.group == self.dag else f"{self.dag}/{self.group}"

    @property
    def failed(self) -> bool:
        """Whether it ended in another way than with success."""
        return self.state != "success"

    @property
    def broken(self) -> list[str]:
        """The nodes that failed, in the order of their start."""
        return sorted((name for name, node in self.nodes.items() if node.failed), key=lambda name: self.nodes[name][1])

    @property
    def slowest(self) -> str | None:
        """The node that took longest."""
        return max(self.nodes, key=lambda name: self.nodes[name].seconds, default=None)


def read_line(line: bytes) -> Run:
    """Make a run of a line; what it does not know, it passes over.

    Raises:
        ValueError: if the line is damaged, in whatever way.
    """
    try:
        table = json.loads(line)
        git = table.get("git")
        texts = {name: _text(table[name]) for name in ("dag", "run", "group", "project", "release", "state")}
        return Run(
            **texts,
            git=None if git is None else _text(git),
            at=_moment(table["at"]),
            seconds=_number(table["seconds"]),
            nodes={clean(name): _node(values) for name, values in table["nodes"].items()},
            errors={clean(name): _text(text) for name, text in (table.get("errors") or {}).items()},
        )
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{error!r}") from None


def _node(values: Any) -> Node:
    status, start, seconds, tries = values[:4]
    return Node(_text(status), _number(start), _number(seconds), int(_number(tries)))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return clean(value)


def _number(value: Any) -> float:
    # What was never begun may have null; JSON of Python's may have NaN.
    number = 0.0 if value is None else float(value)
    if not math.isfinite(number) or isinstance(value, str):
        raise TypeError(f"{value!r} is no number")
    return number


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
