"""What a machine is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from scripts.aws import Bucket
from scripts.history.archive import Damage, Found, prefix
from scripts.history.find import NodeHistory, NodeRun
from scripts.history.model import Run
from scripts.history.numbers import flaky, percentile, slowest, summaries
from scripts.history.window import Window


def runs(bucket: Bucket, found: Found, shown: Sequence[Run], window: Window) -> dict[str, Any]:
    """Return runs, and the numbers of all in the window."""
    return {
        "since": _text(window.since),
        "until": _text(window.until),
        "runs": [run(bucket, one) for one in shown],
        "summary": [asdict(one) for one in summaries(found.runs)],
        "slowest": [asdict(one) for one in slowest(found.runs)],
        "flaky": [asdict(one) for one in flaky(found.runs)],
        "damage": damages(found.damage),
    }


def run(bucket: Bucket, one: Run) -> dict[str, Any]:
    """Return a run in the index's own form, and where its raw artifacts are."""
    nodes = {name: list(node) for name, node in one.nodes.items()}
    names = ("dag", "run", "group", "project", "release", "git", "seconds", "state", "errors")
    plain = {name: getattr(one, name) for name in names}
    return {**plain, "at": one.at.isoformat(), "nodes": nodes, "artifacts": prefix(bucket, one)}


def node(history: NodeHistory, rows: Sequence[NodeRun], damage: Sequence[Damage]) -> dict[str, Any]:
    """Return a node's runs and numbers."""
    return {
        "node": history.id,
        "runs": [_row(one) for one in rows],
        "summary": node_numbers(history),
        "missing": [{"dag": one.dag, "group": one.group, "run": one.run} for one in history.missing],
        "damage": damages(damage),
    }


def node_numbers(history: NodeHistory) -> dict[str, Any]:
    """Return how often a node ran, failed and succeeded at once, and its seconds when it succeeded."""
    ran = [one.node for one in history.runs if one.node.ran]
    good = [one.seconds for one in ran if not one.failed]
    return {
        "runs": len(ran),
        "failed": len(ran) - len(good),
        "retried": sum(one.tries > 1 and not one.failed for one in ran),
        "p50": percentile(good, 0.5),
        "p95": percentile(good, 0.95),
    }


def damages(found: Sequence[Damage]) -> list[dict[str, Any]]:
    """Return what could not be read."""
    return [asdict(one) for one in found]


def _row(one: NodeRun) -> Mapping[str, Any]:
    run = {name: getattr(one.run, name) for name in ("dag", "run", "group", "release")}
    return {**run, "at": one.run.at.isoformat(), **one.node._asdict(), "error": one.error}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
