"""What a person or a machine is told of changed nodes and of a CI run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from scripts.ci import Report
from scripts.state import Node

COLOURS = {"success": "green", "pass": "green", "warn": "yellow", "error": "red", "fail": "red", "skipped": "yellow"}


def changes(nodes: list[Node]) -> Table:
    """Return the table of what has changed."""
    table = _table()
    for node in nodes:
        table.add_row(node.project, _name(node), node.kind, node.change)
    return table


def _table(*more: str) -> Table:
    return Table("project", Column("node", overflow="fold"), "kind", "change", *more)


def results(report: Report) -> Table:
    """Return the table of a CI run: what has changed, and what dbt said of it."""
    table = _table("state", "seconds")
    table.columns[-1].justify = "right"
    for row in as_table(report)["nodes"]:
        status, seconds = row["status"] or "", row["seconds"]
        node = Node(*(row[name] for name in ("project", "id", "kind", "file", "change")))
        shown = f"{seconds:.1f}" if seconds is not None else ""
        table.add_row(
            node.project, _name(node), node.kind, node.change, Text(status, style=COLOURS.get(status, "")), shown
        )
    return table


def as_table(report: Report) -> dict[str, Any]:
    """Return a CI run for a machine; a node that was not run has no status."""
    found = {(outcome.project, key): one for outcome in report.outcomes for key, one in outcome.results.items()}
    nodes = []
    for node in report.nodes:
        result = found.get((node.project, node.id), {})
        seconds = result.get("execution_time")
        nodes.append({**asdict(node), "status": result.get("status"), "seconds": seconds})
    failed = [str(outcome.error) for outcome in report.outcomes if outcome.error]
    schemas = {outcome.project: outcome.schema for outcome in report.outcomes}
    return {"state": report.state, "nodes": nodes, "schemas": schemas, "success": not failed, "errors": failed}


def _name(node: Node) -> str:
    # As dbt's unique id, without the kind and the project that stand beside it, and a test's hash.
    name = node.id.split(".", 2)[-1]
    return name.rsplit(".", 1)[0] if node.kind == "test" else name
