"""What `mwaa migrate plan` and `cutover` show: tables for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from scripts.console import err, out, wide
from scripts.history.text import count
from scripts.migrate.cutover.ledger import Entry
from scripts.migrate.cutover.rows import Row, at, coming, first_new
from scripts.migrate.sides import Sides
from scripts.versions import not_upgraded

PLACES = {"old": "cut over", "new": "there already", "both": "blocked", "neither": "stays paused", "between": "go on"}


def tell_plan(sides: Sides, rows: Sequence[Row], as_json: bool) -> None:
    """Print a plan for a person or for a machine."""
    if as_json:
        out.print_json(json.dumps(plan_table(rows)))
    else:
        show_plan(sides, rows)


def show_plan(sides: Sides, rows: Sequence[Row]) -> None:
    """Print what a cutover would do with each DAG, in its order, then what blocks it and what to know."""
    table = Table("", "DAG", "schedule", "last in old (UTC)", "next in old", "first in new", "runs now", "cutover")
    for row in rows:
        last = at(row.last.tick.after.isoformat()) if row.last else "no run"
        told = Text("blocked", style="red") if row.blocks else Text(PLACES[row.place])
        cells = (row.old.schedule or "none", last, "" if row.old.paused else coming(row.old), first_new(row))
        table.add_row(str(row.unit), Text(row.dag), *map(Text, cells), str(len(row.running) or ""), told)
    wide(table)
    show_blocks(rows)
    for row in rows:
        for note in row.notes:
            out.print(f"[yellow]![/] {escape(row.dag)}: {escape(note)}")
    ready = [row for row in rows if row.place in ("old", "between") and not row.blocks]
    out.print(
        f"{count(len(ready), 'DAG')} can be cut over: `mwaa migrate cutover --all`, or by name. Nothing was changed."
    )
    for line in in_place(sides):
        out.print(line, markup=False)


def in_place(sides: Sides) -> list[str]:
    """Return what else there is: MWAA's own upgrade of the old environment."""
    old, new, name = sides.old.version, sides.new.version, sides.old.mwaa.name
    if old == new:
        return []
    if reason := not_upgraded(old, new):
        return [f"Instead of two environments, an upgrade of {name} in place: {reason}"]
    return [
        f"Instead of two environments: an upgrade of {name} in place, {old} → {new}. It keeps all history, ends "
        "running tasks, and takes up to two hours without a UI.",
        f"Rehearse that on a clone first: `mwaa env clone {name}`, `mwaa env create`; then there `airflow_version` and "
        "`mwaa env update`.",
    ]


def show_blocks(rows: Sequence[Row]) -> None:
    """Print what keeps DAGs from being cut over, each with what mends it."""
    for row in rows:
        for block in row.blocks:
            err.print(f"[red]✗[/] {escape(row.dag)} {escape(block.what)}\n  [bold]fix:[/] {escape(block.fix)}")


def plan_table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a plan for a machine."""
    return [
        {
            "dag": row.dag,
            "unit": row.unit,
            "place": row.place,
            "kind": row.old.kind,
            "schedule": row.old.schedule,
            "last_in_old": row.last.tick.after.isoformat() if row.last else None,
            "next_in_old": row.old.next.after.isoformat() if row.old.next else None,
            "running_in_old": [*row.running],
            "blocks": [block._asdict() for block in row.blocks],
            "notes": row.notes,
        }
        for row in rows
    ]


def show_entries(sides: Sides, entries: Sequence[Entry]) -> None:
    """Print where the DAGs are now and what each side has of their intervals."""
    table = Table("DAG", "runs in", "done before, to (UTC)", "marks", "made up for", "first run there", "its state")
    for entry in entries:
        side = sides.new if entry.to == "new" else sides.old
        cells = (at(entry.last), str(len(entry.marks or ()) or ""), str(len(entry.filled) or ""))
        told = entry.first_state or entry.note
        table.add_row(Text(entry.dag), side.mwaa.name, *cells, at(entry.first), Text(told))
    wide(table)


def entries_table(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return how DAGs ended for a machine."""
    return [asdict(entry) for entry in entries]
