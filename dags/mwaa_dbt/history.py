"""A run's place in the history: its line in the index of its month, and the summary that messages are made of."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mwaa_dbt.archive import INDEX, Store
from mwaa_dbt.results import Merged


@dataclass(frozen=True)
class About:
    """A dbt group of a DAG run: `begun` is the run's start, `git` the revision that its release was built from."""

    dag: str
    run: str
    group: str
    project: str
    release: str
    git: str | None
    begun: datetime
    seconds: float

    @property
    def table(self) -> dict[str, Any]:
        """The same as JSON."""
        names = ("dag", "run", "group", "project", "release", "git")
        at = self.begun.astimezone(UTC).isoformat()
        return {**{name: getattr(self, name) for name in names}, "at": at, "seconds": round(self.seconds, 1)}


def summary(about: About, merged: Merged) -> dict[str, Any]:
    """Return what a message tells of a run; no value of the data is in it."""
    return {
        **about.table,
        "state": merged.state,
        "counts": merged.counts,
        "failed": len(merged.failed),
        "problems": merged.problems,
        "warnings": merged.warnings,
        "stale": merged.stale,
        "errors": merged.errors,
    }


def line(about: About, merged: Merged) -> dict[str, Any]:
    """Return the run's line of the index: each node's status, start, seconds and tries, and errors in a line each."""
    begun = about.begun.timestamp()
    nodes = {
        name: [one.status, round(max(0.0, one.start - begun), 2), one.seconds, merged.tries.get(name, 0)]
        for name, one in merged.nodes.items()
    }
    told = (*merged.problems, *merged.stale)
    lost = {"dbt": merged.errors[0]} if merged.errors else {}
    errors = {item["node"]: " ".join(item["message"][:3]) or item["status"] for item in told}
    return {**about.table, "state": merged.state, "nodes": nodes, "errors": {**lost, **errors}}


def record(store: Store, about: About, merged: Merged) -> int:
    """Add a run to the index of its month, and return how many runs before it failed in a row."""
    month = about.begun.astimezone(UTC)
    key = f"{INDEX}/{about.dag}/{month:%Y-%m}.jsonl.gz"
    # gzip files may be written one after the other, so what is there is never packed again.
    ours = gzip.compress((json.dumps(line(about, merged)) + "\n").encode())
    known = bytearray()

    def edit(content: bytes) -> bytes:
        known[:] = content
        return content + ours

    store.change(key, edit)
    before = month.replace(day=1) - timedelta(days=1)
    older, _ = store.get(f"{INDEX}/{about.dag}/{before:%Y-%m}.jsonl.gz")
    return red(_lines(older + bytes(known)), about)


def _lines(content: bytes) -> list[dict[str, Any]]:
    try:
        text = gzip.decompress(content).decode() if content else ""
        return [json.loads(one) for one in text.splitlines()]
    except (OSError, EOFError, ValueError):
        # `mwaa history` tells of a damaged index; this run is on record all the same.
        return []


def red(lines: Iterable[Mapping[str, Any]], about: About) -> int:
    """Return how many runs of a group failed in a row before this one."""
    states = {one["run"]: one["state"] for one in lines if one["group"] == about.group and one["run"] != about.run}
    count = 0
    for state in reversed(states.values()):
        if state != "failed":
            break
        count += 1
    return count
