"""Seconds over time, as a plot for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HEIGHT, TICKS = 14, 6
LEAST = 3  # points that make a trend


@dataclass(frozen=True)
class Point:
    """One run: when, how long, and whether it failed."""

    at: datetime
    seconds: float
    failed: bool


def draw(title: str, points: Sequence[Point], width: int) -> str | None:
    """Return a plot with the terminal's colours in it; None if the points make no trend."""
    if len(points) < LEAST:
        return None
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plot_size(width, HEIGHT)
    plotext.title(title)
    for failed, mark, colour in ((False, "●", "green"), (True, "✗", "red")):
        chosen = [point for point in points if point.failed is failed]
        times, seconds = [point.at.timestamp() for point in chosen], [point.seconds for point in chosen]
        plotext.scatter(times, seconds, marker=mark, color=colour)
    times = [point.at.timestamp() for point in points]
    first, last, longest = min(times), max(times), max(point.seconds for point in points)
    plotext.xlim(first, last if last > first else first + 1)
    plotext.xticks(*_ticks(first, last))
    plotext.ylim(0, 1.05 * (longest or 1))
    return str(plotext.build())


def _ticks(first: float, last: float) -> tuple[list[float], list[str]]:
    form = "%m-%d" if last - first > timedelta(days=TICKS).total_seconds() else "%m-%d %H:%M"
    places = [first + (last - first) * number / (TICKS - 1) for number in range(TICKS)]
    return places, [f"{datetime.fromtimestamp(place, UTC):{form}}" for place in places]
