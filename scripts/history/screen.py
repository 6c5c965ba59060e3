"""Tables, colours and plots of `mwaa history` on a terminal or in a log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import JustifyMethod
from rich.table import Column, Table
from rich.text import Text

from scripts.console import out, wide
from scripts.history.plot import Point, draw

PLOT_WIDTH = 100
# The columns that stand to the right.
NUMBERS = {
    *("seconds", "start", "nodes", "tries", "runs", "failures"),
    *("p50 s", "p95 s", "mean s", "of all", "by a retry", "in the next run"),
}
# The columns whose cells stay in one line, however narrow the terminal is.
WHOLE = {"at (UTC)", "state", *NUMBERS}
COLOURS = {"success": "green", "pass": "green", "warn": "yellow", "skipped": "dim", "no-op": "dim"}


def room(taken: int, most: int) -> int:
    """Return how many characters a cell may have beside others that take so many."""
    return max(most // 5, min(most, out.width - taken)) if out.is_terminal else most


def fitting[T](cells: Sequence[T]) -> Sequence[T]:
    """Return a row's cells, without the last one if the terminal is narrow."""
    return cells if out.width >= PLOT_WIDTH or not out.is_terminal else cells[:-1]


def table(names: Sequence[str], rows: Sequence[Sequence[str | Text]], title: str | None = None) -> None:
    """Print a table; its texts are no markup."""
    made = Table(*map(_column, names), title=title, title_justify="left", title_style="bold")
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    wide(made)


def _column(name: str) -> Column:
    side: JustifyMethod = "right" if name in NUMBERS else "left"
    return Column(name, justify=side, overflow="ellipsis" if name in WHOLE else "fold", no_wrap=name in WHOLE)


def state(text: str) -> Text:
    """Return a status in its colour."""
    return Text(text, style=COLOURS.get(text, "red"))


def seconds(value: float | None) -> str:
    """Return seconds with one decimal."""
    return "" if value is None else f"{value:.1f}"


def moment(at: datetime) -> str:
    """Return a time to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def share(part: int, whole: int) -> str:
    """Return a number and how much of the whole it is."""
    return f"{part} ({part / whole:.0%})" if whole else str(part)


def plot(title: str, points: Sequence[Point]) -> None:
    """Print seconds over time, if there are enough points."""
    if drawn := draw(title, points, min(out.width, PLOT_WIDTH)):
        wide(Text.from_ansi(drawn))
