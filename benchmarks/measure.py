"""Several ways to do one thing, measured in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from scripts.console import step


@dataclass(frozen=True)
class Options:
    """What a person may choose, and an empty folder that is gone afterwards."""

    folder: Path
    runs: int
    models: int


@dataclass(frozen=True)
class Sample:
    """One measurement: its seconds, and by column whatever else was seen."""

    seconds: float
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A way to do it, and the medians of n runs."""

    what: str
    seconds: float
    n: int
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A table: its first row is the plain tool, which the others are compared with."""

    title: str
    rows: list[Row]


def compare(title: str, ways: Mapping[str, Callable[[], Sample]], runs: int) -> Result:
    """Measure all ways once per round, so that a slow minute of the machine meets them all alike."""
    samples: dict[str, list[Sample]] = {what: [] for what in ways}
    for number in range(1, runs + 1):
        for what, way in ways.items():
            with step(f"{what}, {number} of {runs}"):
                samples[what].append(way())
    return Result(title, [_row(what, found) for what, found in samples.items()])


def _row(what: str, samples: list[Sample]) -> Row:
    facts = {name: median(sample.facts[name] for sample in samples) for name in samples[0].facts}
    return Row(what, median(sample.seconds for sample in samples), len(samples), facts)
