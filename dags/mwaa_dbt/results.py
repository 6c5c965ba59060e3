"""What came of a dbt invocation, and of all those of a DAG run together."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mwaa_dbt.events import EventLog
from mwaa_dbt.problems import Files, Problem, explain, masked
from mwaa_dbt.states import FAILED, WARNED

SHOWN = 20  # problems that one invocation, or run, tells in full


@dataclass(frozen=True)
class Outcome:
    """One node in one invocation: dbt's status, its start (seconds since the epoch) and seconds."""

    node: str
    status: str
    start: float
    seconds: float


@dataclass(frozen=True)
class Invocation:
    """One dbt command in one try of a task.

    `problems`, `warnings` and `stale` (source freshness) have no value of the data in them, `errors` are dbt's words
    where no node failed, but dbt itself; `ended` is in seconds since the epoch.
    """

    dag: str
    run: str
    task: str
    attempt: int
    release: str
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    stale: list[Problem] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ended: float = field(default_factory=time.time)


def read_results(files: Files) -> tuple[list[Outcome], list[tuple[Problem, str]]]:
    """Return what run_results.json tells: each node's outcome, and the problems, each with the statement it sent."""
    results = _load(files.folder / "target" / "run_results.json").get("results", [])
    log = EventLog(files.folder)
    problems: list[tuple[Problem, str]] = []
    for one in results:
        if one["status"] in (*FAILED, *WARNED) and len(problems) < SHOWN:
            problems.append(_problem(files, one, log))
    return [_outcome(one) for one in results if not one["unique_id"].startswith("operation.")], problems


def _problem(files: Files, one: Mapping[str, Any], log: EventLog) -> tuple[Problem, str]:
    node = str(one["unique_id"])
    ended = log.finished(node)
    sql = ended.sql if ended else ""
    return explain(files, node, str(one["status"]), str(one.get("message") or ""), sql), sql


def read_freshness(files: Files) -> list[Problem]:
    """Return the stale sources that sources.json tells."""
    results = _load(files.folder / "target" / "sources.json").get("results", [])
    stale = [one for one in results if one["status"] in (*FAILED, *WARNED)]
    return [explain(files, str(one["unique_id"]), str(one["status"]), _age(one)) for one in stale[:SHOWN]]


def _age(one: Mapping[str, Any]) -> str:
    if one.get("error"):
        return str(one["error"])
    criteria = one.get("criteria") or {}
    limit = criteria.get("error_after" if one["status"] == "error" else "warn_after") or {}
    hours = float(one.get("max_loaded_at_time_ago_in_s") or 0) / 3600
    return f"newest row is {hours:.0f} h old; {one['status']} after {limit.get('count')} {limit.get('period')}s"


def _load(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return {}


def _outcome(one: Mapping[str, Any]) -> Outcome:
    return Outcome(str(one["unique_id"]), str(one["status"]), started(one), round(float(one["execution_time"] or 0), 3))


def started(result: Mapping[str, Any]) -> float:
    """Return when dbt began with a node (seconds since the epoch), by its run_results.json; 0 if it never did."""
    starts = [timing["started_at"] for timing in result.get("timing", []) if timing.get("started_at")]
    return datetime.fromisoformat(min(starts)).timestamp() if starts else 0.0


def hidden(problems: Iterable[tuple[Problem, str]], statuses: tuple[str, ...]) -> list[Problem]:
    """Return the problems of some statuses as those may see them who may not see the data."""
    return [masked(problem, sql) for problem, sql in problems if problem.status in statuses]


@dataclass(frozen=True)
class Merged:
    """All invocations of a dbt group in a DAG run: the last result of each node counts.

    `tries` are those with the release of the last; `begun` is when a node was first tried.
    """

    nodes: dict[str, Outcome]
    tries: dict[str, int]
    begun: dict[str, float]
    told: dict[str, dict[str, dict[str, Any]]]
    errors: list[str]

    @property
    def failed(self) -> list[str]:
        """The nodes that failed in the end."""
        return [one.node for one in self.nodes.values() if one.status in FAILED]

    @property
    def state(self) -> str:
        """Whether dbt has succeeded: "success" or "failed"."""
        stale = any(one["status"] in FAILED for one in self.stale)
        # A hook that failed is no node, but a problem.
        failed = self.failed or self.problems or stale or (self.errors and not self.nodes)
        return "failed" if failed else "success"

    @property
    def counts(self) -> dict[str, int]:
        """How many nodes have which status."""
        return dict(Counter(one.status for one in self.nodes.values()))

    @property
    def problems(self) -> list[dict[str, Any]]:
        """What is told of the failed nodes, the first in time first: it may well be the cause of the others."""
        return self._last("problems")

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What is told of tests that warned."""
        return self._last("warnings")

    @property
    def stale(self) -> list[dict[str, Any]]:
        """What is told of stale sources."""
        return list(self.told["stale"].values())

    def _last(self, kind: str) -> list[dict[str, Any]]:
        """Leave out what a later try has put right; a hook is no node, and what is told of it stands."""
        known = {name: one.status for name, one in self.nodes.items()}
        found = [item for node, item in self.told[kind].items() if known.get(node, item["status"]) == item["status"]]
        return sorted(found, key=lambda item: self.begun.get(item["node"], float("inf")))[:SHOWN]


def merge(invocations: Iterable[Mapping[str, Any]]) -> Merged:
    """Return what became of a run's nodes, from its invocations as the archive has them.

    Of several results of a node the last begun counts: the process that builds all of them may end long after a try
    that has put right what failed in it.
    """
    merged = Merged({}, {}, {}, {"problems": {}, "warnings": {}, "stale": {}}, [])
    ordered = sorted(invocations, key=lambda one: float(one["ended"]))
    release = ordered[-1]["release"] if ordered else None
    for one in ordered:
        starts = {item["node"]: float(item["start"]) for item in one["outcomes"]}
        for kind, known in merged.told.items():
            late = [item for item in one[kind] if not _outdated(merged, item["node"], starts)]
            known |= {item["node"]: {**item, "task": one["task"], "try": one["attempt"]} for item in late}
        for outcome in (Outcome(**item) for item in one["outcomes"]):
            _add(merged, outcome, counted=one["release"] == release)
    latest = {one["task"]: one for one in ordered}
    merged.errors.extend(line for one in latest.values() for line in one["errors"])
    return merged


def _outdated(merged: Merged, node: str, starts: Mapping[str, float]) -> bool:
    return node in merged.nodes and merged.nodes[node].start > starts.get(node, float("inf"))


def _add(merged: Merged, outcome: Outcome, *, counted: bool) -> None:
    # What dbt skipped has not been tried; it says nothing of a try before or after.
    if outcome.status == "skipped":
        merged.nodes.setdefault(outcome.node, outcome)
        return
    known = merged.nodes.get(outcome.node, outcome)
    merged.nodes[outcome.node] = max(known, outcome, key=lambda one: (one.status != "skipped", one.start))
    merged.begun[outcome.node] = min(merged.begun.get(outcome.node, outcome.start), outcome.start)
    merged.tries[outcome.node] = merged.tries.get(outcome.node, 0) + counted
