"""How what Airflow adds to a run grows with the project: the exponent of a power law, fitted by least squares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import linear_regression

from benchmarks.measure import SIZE, Options, Result, Row, stack
from scripts.paths import Paths

SLOPE = "slope"
EMPTY = "as many empty tasks, our options"
ENOUGH = 2  # sizes, for a line through them


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure whole runs of ours at each size, beside bare dbt."""
    from benchmarks.run import BARE, OURS, phase

    results = {}
    for size in options.models:
        own = replace(options, folder=options.folder / str(size), models=(size,))
        results[size] = overheads(phase(paths, own, OURS, "local"), BARE)
    return [with_slopes(stack("What Airflow adds to dbt's own seconds in a run", results))]


def overheads(result: Result, bare: str) -> Result:
    """Return, instead of each way's seconds, how many more than the bare one's they are."""
    (floor,) = (row.seconds for row in result.rows if row.what == bare)
    rows = [
        Row(row.what, row.seconds - floor, row.n, {"whole run": row.seconds, bare: floor}, samples=row.samples)
        for row in result.rows
        if row.what not in (bare, EMPTY)
    ]
    return Result(result.title, rows)


def with_slopes(result: Result) -> Result:
    """Return the table with a column more: the slope of each way, in the row of its largest size."""
    slopes = {what: slope(sizes) for what, sizes in series(result).items() if len(sizes) >= ENOUGH}
    last = {row.what: number for number, row in enumerate(result.rows)}
    rows = list(result.rows)
    for what, exponent in slopes.items():
        row = rows[last[what]]
        rows[last[what]] = replace(row, facts={**row.facts, SLOPE: exponent})
    return Result(result.title, rows)


def series(result: Result) -> dict[str, dict[float, float]]:
    """Return the seconds of each way by the number of models."""
    found: dict[str, dict[float, float]] = {}
    for row in filter(_sized, result.rows):
        found.setdefault(row.what, {})[row.facts[SIZE]] = row.seconds
    return found


def _sized(row: Row) -> bool:
    # What was stopped, or cost nothing that could be seen, is no point of a curve.
    return SIZE in row.facts and not row.stopped and row.seconds > 0


def slope(seconds: Mapping[float, float]) -> float:
    """Return the exponent k of seconds = c · models^k: 1 is linear, 0 does not grow at all."""
    sizes, times = zip(*((math.log(size), math.log(time)) for size, time in sorted(seconds.items())), strict=True)
    return float(linear_regression(sizes, times).slope)
