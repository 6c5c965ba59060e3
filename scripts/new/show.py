"""The report of a project that was brought in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.markup import escape

from scripts.console import error_text, out
from scripts.new.finding import Brought, Finding
from scripts.paths import Paths


def show(brought: Brought, paths: Paths, dry_run: bool, following: str) -> None:
    """Print what was written, what was done, what must change, and the next command."""
    for path in brought.written:
        out.print(f"[green]✓[/] {escape(path.relative_to(paths.root).as_posix())}")
    for note in brought.notes:
        out.print(f"  {escape(note)}")
    for finding in brought.findings:
        _finding(finding)
    must = sum(one.must for one in brought.findings)
    counts = f"{must} must change, {len(brought.findings) - must} to know" if brought.findings else "nothing to change"
    out.print(f"[{'red' if must else 'green'}]{brought.name}[/]: {counts}")
    if dry_run:
        out.print("Nothing was written. Next: the same command without --dry-run", markup=False)
    elif must:
        out.print(f"Next: mend what has a ✗, then {following}", markup=False)
    else:
        out.print(f"Next: {following}", markup=False)


def _finding(one: Finding) -> None:
    mark = "[red]✗[/]" if one.must else "[yellow]![/]"
    out.print(f"{mark} {error_text(one)}")


def as_table(brought: Brought, paths: Paths) -> dict[str, Any]:
    """Return the report for a machine."""
    return {
        "project": brought.name,
        "written": [path.relative_to(paths.root).as_posix() for path in brought.written],
        "notes": brought.notes,
        "findings": [asdict(one) for one in brought.findings],
    }
