"""Several ways to do one thing, measured in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from scripts.console import step

SIZE = "models"  # the column that says how large a project was
FAILED = "failed"  # the column that says how many of the n did


@dataclass(frozen=True)
class Options:
    """What a person may choose, and an empty folder that is gone afterwards.

    Args:
        folder: where a benchmark may write.
        runs: how often each way is measured.
        models: the sizes of made-up projects.
        project: a real dbt project to take instead of them.
        full: whether what takes hours is measured, too.
    """

    folder: Path
    runs: int
    models: tuple[int, ...]
    project: Path | None = None
    full: bool = False


@dataclass(frozen=True)
class Sample:
    """One measurement: its seconds, and by column whatever else was seen; `stopped` before its end, or `failed`."""

    seconds: float
    facts: Mapping[str, float] = field(default_factory=dict)
    stopped: bool = False
    failed: bool = False


@dataclass(frozen=True)
class Row:
    """A way to do it, and the medians of n runs; if one was stopped, it would have taken longer."""

    what: str
    seconds: float
    n: int
    facts: Mapping[str, float] = field(default_factory=dict)
    stopped: bool = False
    samples: tuple[Sample, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Result:
    """A table: its first row, or the first of the same size, is the plain tool, which the others are compared with.

    Not `compared` are rows that are no ways to do one thing.
    """

    title: str
    rows: list[Row]
    compared: bool = True


def compare(title: str, ways: Mapping[str, Callable[[], Sample]], runs: int) -> Result:
    """Measure all ways once per round, so that a slow minute of the machine meets them all alike.

    A way that had to be stopped is not measured again.
    """
    samples: dict[str, list[Sample]] = {what: [] for what in ways}
    for number in range(1, runs + 1):
        for what, way in ways.items():
            if not any(sample.stopped for sample in samples[what]):
                with step(f"{what}, {number} of {runs}"):
                    samples[what].append(way())
    return Result(title, [as_row(what, found) for what, found in samples.items()])


def as_row(what: str, samples: list[Sample]) -> Row:
    """Return the medians of samples; of those that were stopped it takes the longest.

    What failed counts only if all have; a column says how many did.
    """
    ended = [sample for sample in samples if not sample.failed] or samples
    stopped = [sample for sample in ended if sample.stopped]
    facts = {name: median(sample.facts[name] for sample in ended) for name in ended[0].facts}
    seconds = max(one.seconds for one in stopped) if stopped else median(sample.seconds for sample in ended)
    failed = {FAILED: float(count)} if (count := sum(sample.failed for sample in samples)) else {}
    return Row(what, seconds, len(samples), {**facts, **failed}, bool(stopped), tuple(samples))


def stack(title: str, results: Mapping[int, Result]) -> Result:
    """Return one table of several, by the number of models."""
    rows = [
        replace(row, facts={SIZE: float(size), **row.facts}) for size, result in results.items() for row in result.rows
    ]
    return Result(title, rows)
