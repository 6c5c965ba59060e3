"""`mwaa history`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from scripts.console import err, out
from scripts.flags import takes
from scripts.history.request import Request

if TYPE_CHECKING:
    from scripts.aws import Bucket
    from scripts.history.archive import Damage, Found
    from scripts.history.model import Run
    from scripts.history.window import Window

ROWS, PAGE_RUNS = 20, 100


def register(app: typer.Typer) -> None:
    """Add the verb to the `mwaa` command."""
    app.command()(history)


@takes(Request)
def history(**given: Any) -> None:
    """Show the archived dbt runs: how long, how often failed, which nodes are slow or flaky; reads only.

    With --node or --run, all there is of one. Times are UTC.

    Example: mwaa history --env prod --dag jaffle_shop --since 7d --failed
    """
    from scripts.history.archive import fetch
    from scripts.paths import find_project
    from scripts.target import find_target

    request = Request(**given)
    request.check()
    window = request.window()
    bucket = find_target(find_project(), request.environment).bucket
    found = fetch(bucket, window, request.dag)
    _tell(bucket, found.damage)
    if request.node:
        _node(request, bucket, found)
    elif request.run:
        _run(request, bucket, found)
    else:
        _runs(request, bucket, found, window)


def _tell(bucket: Bucket, damage: Sequence[Damage]) -> None:
    for one in damage:
        err.print(f"damaged: s3://{bucket.name}/{one}", markup=False)


def _everything(request: Request, bucket: Bucket, found: Found) -> Sequence[Run]:
    from scripts.history.archive import fetch
    from scripts.history.window import Window

    whole = fetch(bucket, Window(), request.dag)
    _tell(bucket, [one for one in whole.damage if one not in found.damage])
    return whole.runs


def _node(request: Request, bucket: Bucket, found: Found) -> None:
    from scripts.history import data, node_report
    from scripts.history.find import node_history

    history = node_history(str(request.node), found.runs, lambda: _everything(request, bucket, found))
    rows = [one for one in history.runs if one.node.failed or not request.failed]
    if request.as_json:
        _json(data.node(history, rows[: request.limit], found.damage))
    else:
        node_report.show(history, rows[: request.limit or ROWS])


def _run(request: Request, bucket: Bucket, found: Found) -> None:
    from scripts.history import data, run_report
    from scripts.history.archive import prefix
    from scripts.history.find import find_run

    chosen = find_run(str(request.run), found.runs, lambda: _everything(request, bucket, found))
    if request.html:
        keys = {run.key for run in chosen}
        runs = [*chosen, *(run for run in found.runs if run.key not in keys)]
        _page(request, bucket, [*chosen, *_shown(request, runs[len(chosen) :], PAGE_RUNS)], runs)
    if request.as_json:
        _json({"runs": [data.run(bucket, run) for run in chosen], "damage": data.damages(found.damage)})
    elif not request.html:
        for run in chosen:
            run_report.show(run, prefix(bucket, run), request.failed, request.limit)


def _runs(request: Request, bucket: Bucket, found: Found, window: Window) -> None:
    from scripts.history import data, report

    if request.html:
        _page(request, bucket, _shown(request, found.runs, PAGE_RUNS), found.runs)
    if request.as_json:
        _json(data.runs(bucket, found, _shown(request, found.runs), window))
    elif not found.runs:
        out.print(report.nothing(bucket, found, window), markup=False)
    elif not request.html:
        report.show(found.runs, _shown(request, found.runs, ROWS))


def _shown(request: Request, runs: Sequence[Run], most: int | None = None) -> list[Run]:
    return [run for run in runs if run.failed or not request.failed][: request.limit or most]


def _page(request: Request, bucket: Bucket, shown: Sequence[Run], runs: Sequence[Run]) -> None:
    from scripts.history.page import write
    from scripts.history.text import count

    if request.html:
        size = write(request.html, request.environment, bucket, (shown, runs))
        err.print(f"Wrote {request.html}: {count(len(shown), 'run')}, {size / 1000:.0f} kB", markup=False)


def _json(table: dict[str, Any]) -> None:
    # In one line: colouring and indenting thousands of runs would take longer than fetching them.
    typer.echo(json.dumps(table, ensure_ascii=False))
