"""The runs of a time, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from scripts.aws import Bucket
from scripts.console import wide
from scripts.history import screen
from scripts.history.archive import Found
from scripts.history.model import Run
from scripts.history.numbers import Flaky, Slow, flaky, slowest, summaries
from scripts.history.plot import Point
from scripts.history.text import count, kind, line, short
from scripts.history.window import Window

NAME, NAMES = 32, 2  # characters of a name, names in a cell
PLOTS, FLAKY = 3, 10


def nothing(bucket: Bucket, found: Found, window: Window) -> str:
    """Return what to say if there are no runs."""
    if not found.dags:
        return (
            f"The archive in s3://{bucket.name} is empty. Each dbt group of a DAG run adds a line when it has "
            "finished; deploy, run a DAG, and look again."
        )
    since = f"{window.since:%Y-%m-%d %H:%M}" if window.since else "ever"
    until = f" until {window.until:%Y-%m-%d %H:%M}" if window.until else ""
    return f"No runs since {since}{until} (UTC). The archive has: {', '.join(found.dags)}. Try --since 365d."


def show(runs: Sequence[Run], shown: Sequence[Run]) -> None:
    """Print runs, and the numbers of all in the window."""
    if shown:
        head = ("at (UTC)", "DAG", "state", "seconds", "nodes", "failed", "slowest")
        screen.table(screen.fitting(head), [screen.fitting(_row(run)) for run in shown])
    else:
        wide("No run has failed.")
    _summary(runs)
    _slowest(runs)
    _flaky(runs)
    for one in summaries(runs)[:PLOTS]:
        own = [run for run in runs if (run.dag, run.group) == (one.dag, one.group)]
        screen.plot(f"{one.title}, seconds per run", [Point(run.at, run.seconds, run.failed) for run in own])


def _row(run: Run) -> list[str | Text]:
    slow = f"{line(short(run.slowest), NAME)} {run.nodes[run.slowest].seconds:.1f}" if run.slowest else ""
    nodes, state = str(len(run.nodes)), screen.state(run.state)
    return [screen.moment(run.at), run.title, state, screen.seconds(run.seconds), nodes, _names(run.broken), slow]


def _names(nodes: Sequence[str]) -> str:
    more = f", +{len(nodes) - NAMES}" if len(nodes) > NAMES else ""
    return ", ".join(line(short(node), NAME) for node in nodes[:NAMES]) + more


def _summary(runs: Sequence[Run]) -> None:
    rows = [
        [one.title, str(one.runs), screen.share(one.failed, one.runs), *map(screen.seconds, (one.p50, one.p95))]
        for one in summaries(runs)
    ]
    title = f"{count(len(runs), 'run')} since {screen.moment(runs[-1].at)}"
    screen.table(("DAG", "runs", "failures", "p50 s", "p95 s"), rows, title)


def _slowest(runs: Sequence[Run]) -> None:
    rows = [
        [_label(one, runs), kind(one.node), screen.seconds(one.mean), f"{one.share:.0%}", str(one.runs)]
        for one in slowest(runs)
    ]
    screen.table(("node", "kind", "mean s", "of all", "runs"), rows, "Slowest nodes")


def _flaky(runs: Sequence[Run]) -> None:
    found = flaky(runs)
    if not found:
        wide("No node is flaky: none succeeded after a failure of the same code.")
        return
    rows = [
        [_label(one, runs), kind(one.node), str(one.retried), str(one.recovered), str(one.runs)]
        for one in found[:FLAKY]
    ]
    more = f", {FLAKY} of {len(found)}" if len(found) > FLAKY else ""
    title = f"Flaky nodes, succeeded after a failure of the same code{more}"
    screen.table(("node", "kind", "by a retry", "in the next run", "runs"), rows, title)


def _label(one: Slow | Flaky, runs: Sequence[Run]) -> str:
    several = len({run.project for run in runs}) > 1
    return f"{one.project}: {short(one.node)}" if several else short(one.node)
