"""The runs of one node, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from scripts.console import wide
from scripts.history import screen
from scripts.history.data import node_numbers
from scripts.history.find import NodeHistory, NodeRun
from scripts.history.plot import Point
from scripts.history.text import line

ERROR, OTHERS = 100, 70  # characters of an error in a table, and of the cells beside it


def show(history: NodeHistory, rows: Sequence[NodeRun]) -> None:
    """Print a node's runs, its numbers, and whether the newest run is without it."""
    wide(Text(history.id, style="bold"))
    if rows:
        screen.table(("at (UTC)", "DAG", "state", "seconds", "tries", "error"), [_row(one) for one in rows])
    else:
        wide("It has not failed.")
    _last_error(rows)
    numbers = node_numbers(history)
    good = numbers["runs"] - numbers["failed"]
    times = f" · p50 {numbers['p50']:.1f} s, p95 {numbers['p95']:.1f} s" if good else ""
    retried = f" · {numbers['retried']} by a retry" if numbers["retried"] else ""
    wide(f"{good} of {numbers['runs']} runs succeeded{_share(good, numbers['runs'])}{retried}{times}")
    for run in history.missing:
        told = f"Not in the newest run of {run.title} ({run.run}): deleted, renamed or not selected."
        wide(Text(told, style="yellow"))
    ran = [one for one in history.runs if one.node.ran]
    screen.plot("seconds per run", [Point(one.run.at, one.node.seconds, one.node.failed) for one in ran])


def _last_error(rows: Sequence[NodeRun]) -> None:
    for one in rows:
        if one.error:
            head = (f"{screen.moment(one.run.at)}: ", "bold red")
            wide(Text.assemble(head, one.error.rstrip()))
            return


def _share(part: int, whole: int) -> str:
    return f" ({part / whole:.0%})" if whole else ""


def _row(one: NodeRun) -> list[str | Text]:
    status, error = screen.state(one.node.status), line(one.error or "", screen.room(OTHERS, ERROR))
    seconds, tries = screen.seconds(one.node.seconds), str(one.node.tries)
    return [screen.moment(one.run.at), one.run.title, status, seconds, tries, error]
