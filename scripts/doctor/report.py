"""What a person or a machine is told by `mwaa doctor`."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from scripts.console import out
from scripts.doctor.examine import Report
from scripts.doctor.finding import Finding, State, skipped
from scripts.doctor.values import rows, show_values

MARKS: dict[State, str] = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "error": "[red]✗[/]", "skipped": "[dim]-[/]"}


def as_table(report: Report) -> dict[str, Any]:
    """Return the report for a machine."""
    case, size = report.case, report.case.environment.size
    return {
        "environment": case.name,
        "environment_class": size.name if size else None,
        "healthy": report.healthy,
        "groups": {name: [one._asdict() for one in findings] for name, findings in report.groups.items()},
        "settings": [asdict(row) for row in rows(case)],
    }


def show(report: Report) -> None:
    """Print a line for each finding below its group's name, what mends it below that, and how many there are."""
    if set(report.groups) == {"sizing"}:
        show_values(report.case)
    for name, findings in report.groups.items():
        if findings == [skipped(findings[0].what)]:
            out.print(f"[bold]{name}[/] {MARKS['skipped']} {escape(findings[0].what)}")
            continue
        out.print(f"[bold]{name}[/]")
        for finding in findings:
            _show(finding)
    counts = Counter(finding.state for finding in report.findings)
    out.print(" · ".join(f"{counts[state]} {mark}" for state, mark in MARKS.items() if counts[state]))


def _show(finding: Finding) -> None:
    out.print(f"  {MARKS[finding.state]} {escape(finding.what)}")
    if finding.fix:
        out.print(f"    [bold]fix:[/] {escape(finding.fix)}")
