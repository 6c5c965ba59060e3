"""The numbers of many runs: how long, how often failed, which nodes are slow, which are flaky."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scripts.history.model import Node, Run

# A node's dbt project, since two may use one package, and its unique id.
type Place = tuple[str, str]


@dataclass(frozen=True)
class Summary:
    """A dbt group over its runs; p50 and p95 are seconds of the successful ones, since a failed one ends early."""

    dag: str
    group: str
    title: str
    runs: int
    failed: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True)
class Slow:
    """A node's seconds over the runs in which it ran, and its share of all nodes' seconds."""

    project: str
    node: str
    runs: int
    mean: float
    share: float


@dataclass(frozen=True)
class Flaky:
    """A node that failed and then succeeded with the same code: in one run, or from one run to the next."""

    project: str
    node: str
    runs: int
    retried: int
    recovered: int


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the value below which this share lies, interpolated; None of no values."""
    ranked = sorted(values)
    if not ranked:
        return None
    place = share * (len(ranked) - 1)
    low, part = int(place), place % 1
    return ranked[low] + part * (ranked[min(low + 1, len(ranked) - 1)] - ranked[low])


def summaries(runs: Iterable[Run]) -> list[Summary]:
    """Return a summary of each group, those with most runs first."""
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.dag, run.group].append(run)
    found = [_summary(members) for members in groups.values()]
    return sorted(found, key=lambda one: (-one.runs, one.title))


def _summary(runs: Sequence[Run]) -> Summary:
    good = [run.seconds for run in runs if not run.failed]
    first = runs[0]
    failed = len(runs) - len(good)
    p50, p95 = percentile(good, 0.5), percentile(good, 0.95)
    return Summary(first.dag, first.group, first.title, len(runs), failed, p50, p95)


def slowest(runs: Iterable[Run], count: int = 5) -> list[Slow]:
    """Return the nodes with the largest shares of all nodes' seconds."""
    seconds: dict[Place, list[float]] = defaultdict(list)
    for run in runs:
        for name, node in run.nodes.items():
            if node.ran:
                seconds[run.project, name].append(node.seconds)
    whole = sum(map(sum, seconds.values())) or 1.0
    top = sorted(seconds, key=lambda place: (-sum(seconds[place]), place))[:count]
    return [Slow(*place, len(own := seconds[place]), sum(own) / len(own), sum(own) / whole) for place in top]


def flaky(runs: Iterable[Run]) -> list[Flaky]:
    """Return the nodes that succeeded after a failure without any change of code, the worst first.

    Either in one run, by another try, or from one run to the next of the same group and the same release.
    """
    found: dict[Place, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (*_, project, name), own in _outcomes(runs).items():
        counts = found[project, name]
        counts[0] += len(own)
        counts[1] += sum(node.tries > 1 and not node.failed for _, node in own)
        counts[2] += sum(_recovered(old, new) for old, new in pairwise(own))
    worst = [Flaky(*place, *counts) for place, counts in found.items() if counts[1] or counts[2]]
    return sorted(worst, key=lambda one: (-one.retried - one.recovered, one.project, one.node))


def _outcomes(runs: Iterable[Run]) -> Mapping[tuple[str, str, str, str], list[tuple[str, Node]]]:
    """Return each node's outcomes in a group, oldest first, with the release that they are of."""
    found: dict[tuple[str, str, str, str], list[tuple[str, Node]]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.at):
        for name, node in run.nodes.items():
            if node.ran:
                found[run.dag, run.group, run.project, name].append((run.release, node))
    return found


def _recovered(old: tuple[str, Node], new: tuple[str, Node]) -> bool:
    return old[0] == new[0] and old[1].failed and not new[1].failed
