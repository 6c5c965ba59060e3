"""What a person sees of a round: a table of nodes and tests, a few rows, the errors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from mwaa_dbt.problems import node_name
from scripts.console import error_text, out, wide
from scripts.dev.outcome import TESTS, Ended, Outcome
from scripts.history.text import count

COLOURS = {"success": "green", "pass": "green", "warn": "yellow", "skipped": "yellow"}
GOOD = ("success", "pass")
SHOWN = 40  # nodes of one table; of more, those that failed and a count
WIDEST = 40  # characters of a value


def show(found: Outcome) -> None:
    """Print a round."""
    if found.ended:
        wide(_nodes(found.ended))
    for preview in found.previews:
        if preview.rows:
            wide(_rows(node_name(preview.node), preview.rows))
        else:
            out.print(f"{node_name(preview.node)}: no rows", markup=False)
    for error in found.errors:
        out.print(f"[red]error:[/] {error_text(error)}")
    out.print(_line(found))


def _line(found: Outcome) -> str:
    tests = sum(one.kind in TESTS for one in found.ended)
    idle = "nothing to run" if found.good else "nothing was run"
    counts = f"{count(len(found.ended) - tests, 'node')}, {count(tests, 'test')}" if found.ended else idle
    mark = "[green]✓[/]" if found.good else "[red]✗[/]"
    return f"{mark} {counts} · {found.seconds:.1f} s"


def _nodes(ended: list[Ended]) -> Table:
    table = Table("node", "", "outcome", box=box.SIMPLE_HEAD)
    for heading in ("rows", "tests", "seconds"):
        table.add_column(heading, justify="right")
    tests = [one for one in ended if one.kind in TESTS]
    nodes = [one for one in ended if one.kind not in TESTS]
    # Of many, those that are not well.
    listed = nodes if len(nodes) <= SHOWN else [one for one in nodes if one.status not in GOOD][:SHOWN]
    for one in listed:
        table.add_row(one.name, one.materialized, _outcome(one), _count(one), _passed(one, tests), f"{one.seconds:.1f}")
    if len(listed) < len(nodes):
        table.add_row(f"… and {len(nodes) - len(listed)} more", "", "", "", "", "")
    # A test of a node that failed is skipped, which goes without saying.
    for one in [one for one in tests if one.status not in (*GOOD, "skipped")][:SHOWN]:
        table.add_row(f"  {one.name}", one.kind.replace("_", " "), _outcome(one), "", "", f"{one.seconds:.1f}")
    return table


def _outcome(one: Ended) -> Text:
    failing = f" ({one.failures} rows)" if one.kind == "test" and one.failures else ""
    return Text(f"{one.status}{failing}", COLOURS.get(one.status, "red"))


def _passed(one: Ended, tests: list[Ended]) -> str:
    own = [test for test in tests if test.of == one.node and test.status != "skipped"]
    passed = sum(test.status in GOOD for test in own)
    return f"{passed} passed" if own and passed == len(own) else f"{passed} of {len(own)}" if own else ""


def _count(one: Ended) -> str:
    # Of what it makes by `create … as`, Snowflake says "1 row".
    return str(one.rows) if one.kind == "seed" and one.rows is not None else ""


def _rows(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(*(str(name).lower() for name in rows[0]), title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(Text(_value(value)) for value in row.values()))
    return table


def _value(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def as_table(found: Outcome) -> dict[str, Any]:
    """Return a round for a machine."""
    errors = [{"what": one.what, "where": one.where, "fix": one.fix} for one in found.errors]
    nodes = [asdict(one) for one in found.ended]
    return {
        "files": found.files,
        "changed": found.changed,
        "nodes": nodes,
        "previews": [asdict(one) for one in found.previews],
        "errors": errors,
        "seconds": round(found.seconds, 3),
    }
