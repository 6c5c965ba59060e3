"""Which nodes a save asks for: what has changed, what depends on it, and what neither could be built without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prints import RELATIONS, kind  # type: ignore[import-not-found]

type Graph = Mapping[str, Iterable[str]]


@dataclass
class Known:
    """What the warehouse has, and what was seen last, as digests by node; `failed` are nodes to be tried again."""

    built: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Plan:
    """The nodes of one run: those that changed, and all that dbt shall build or test."""

    changed: list[str]
    run: list[str]


def plan(prints: Mapping[str, str], known: Known, children: Graph, parents: Graph, chosen: set[str] | None) -> Plan:
    """Return what is to be run.

    Args:
        prints: the digests of now.
        known: those of before.
        children: of each node.
        parents: of each node.
        chosen: run these, changed or not; None for what has changed.
    """
    if chosen is None:
        changed = {key for key, value in prints.items() if known.seen.get(key) != value}
        wanted = changed | (known.failed & prints.keys())
        wanted |= {key for key in reach(wanted, children) if kind(key) in RELATIONS}
    else:
        changed = wanted = chosen & prints.keys()
    above = {key for key in reach(wanted, parents) if kind(key) in RELATIONS}
    missing = {key for key in above if known.built.get(key) != prints.get(key)}
    run = wanted | missing
    return Plan(sorted(changed), sorted(run))


def reach(begin: Iterable[str], neighbours: Graph) -> set[str]:
    """Return all that can be reached from some nodes, these left out unless one leads to another."""
    found: set[str] = set()
    todo = [one for key in begin for one in neighbours.get(key, ())]
    while todo:
        if (key := todo.pop()) not in found:
            found.add(key)
            todo += neighbours.get(key, ())
    return found
