"""The page for a browser: one file that asks nobody for anything.

What the archive says is untrusted text. It travels as JSON in a block that no browser runs, and the page's policy lets
its own script run and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.aws import Bucket
from scripts.history.archive import prefix
from scripts.history.model import Run
from scripts.history.numbers import Summary, flaky, slowest, summaries
from scripts.history.text import short
from scripts.page import write_whole

FOLDER = Path(__file__).parent
ROWS = 10
# Loading, framing and sending are off; the styles have no text of the archive in them.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
)
# In JSON these may always be written so; in HTML they end or begin things.
INERT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def write(file: Path, environment: str, bucket: Bucket, runs: tuple[Sequence[Run], Sequence[Run]]) -> int:
    """Write the page whole or not at all, and return its size in bytes.

    Args:
        file: what to write or replace.
        environment: its name.
        bucket: where the artifacts are.
        runs: those to draw, the ones to choose first in the front, and those that the numbers are of; newest first.
    """
    drawn, counted = runs
    return write_whole(file, render(_data(environment, bucket, drawn, counted)))


def render(data: dict[str, Any]) -> str:
    """Return the page with this data in it."""
    script = (FOLDER / "page.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = (FOLDER / "page.html").read_text().replace("@POLICY@", POLICY.format(digest=digest))
    # The data goes in last: whatever it says, nothing is replaced in it.
    return page.replace("@SCRIPT@", script).replace("@DATA@", json.dumps(data).translate(INERT))


def _data(environment: str, bucket: Bucket, drawn: Sequence[Run], counted: Sequence[Run]) -> dict[str, Any]:
    names = {name: number for number, name in enumerate(sorted({name for run in drawn for name in run.nodes}))}
    groups = []
    for one in summaries(counted):
        own = [run for run in drawn if (run.dag, run.group) == (one.dag, one.group)]
        if own:
            groups.append(_group(one, own, counted) | {"runs": [_run(bucket, run, names) for run in _by_time(own)]})
    times = [f"{run.at:%Y-%m-%d}" for run in (*drawn, *counted)]
    span = f"{min(times)} to {max(times)}" if times else "no runs"
    made = datetime.now(UTC).isoformat()
    head = {"environment": environment, "span": span, "made": made}
    return {**head, "names": list(names), "short": [short(name) for name in names], "groups": groups}


def _by_time(runs: Sequence[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: run.at)


def _group(one: Summary, drawn: Sequence[Run], counted: Sequence[Run]) -> dict[str, Any]:
    own = [run for run in counted if (run.dag, run.group) == (one.dag, one.group)]
    return {
        "title": one.title,
        "count": one.runs,
        "failed": one.failed,
        "p50": one.p50,
        "p95": one.p95,
        "slowest": [{**asdict(node), "name": short(node.node)} for node in slowest(own, ROWS)],
        "flaky": [{**asdict(node), "name": short(node.node)} for node in flaky(own)[:ROWS]],
        "chosen": _by_time(drawn).index(drawn[0]),
    }


def _run(bucket: Bucket, run: Run, names: dict[str, int]) -> dict[str, Any]:
    nodes = [[names[name], node.status, node.start, node.seconds, node.tries] for name, node in run.nodes.items()]
    plain = {name: getattr(run, name) for name in ("run", "release", "git", "seconds", "state", "errors")}
    return {**plain, "at": run.at.isoformat(), "nodes": nodes, "artifacts": prefix(bucket, run)}
