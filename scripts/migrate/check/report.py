"""What a person or a machine is told by `mwaa migrate check`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from scripts.console import out, wide
from scripts.migrate.check.examine import Report
from scripts.migrate.check.finding import SEVERITIES, Finding, Severity, rank

MARKS: dict[Severity, str] = {
    "breaks": "[red]✗[/]",
    "changes": "[yellow]![/]",
    "deprecated": "[dim]~[/]",
    "unknown": "[cyan]?[/]",
}
PLACES = 4  # of one finding, before "and n more"
PROVED = "proved by the import"

type Group = tuple[Severity, str, str, str]


def as_table(report: Report) -> dict[str, Any]:
    """Return the report for a machine."""
    move = report.case.move
    return {
        "from": move.before,
        "to": move.after,
        "folder": str(report.case.place.root),
        "files": report.files,
        "dags": report.dags,
        "healthy": report.healthy,
        "counts": {severity: report.counts[severity] for severity in SEVERITIES},
        "findings": [one._asdict() for one in report.findings],
    }


def grouped(findings: list[Finding]) -> dict[Group, list[Finding]]:
    """Return findings that say the same of several places, by what they say; the worst first."""
    groups = defaultdict[Group, list[Finding]](list)
    for one in findings:
        groups[one.severity, one.rule, one.what, one.fix].append(one)
    return dict(sorted(groups.items(), key=lambda item: (rank(item[0][0]), item[1][0].file, item[1][0].line)))


def show(report: Report) -> None:
    """Print a table for each severity, and how many places there are of each."""
    groups = grouped(report.findings)
    for severity, meaning in SEVERITIES.items():
        own = {group: places for group, places in groups.items() if group[0] == severity}
        if own:
            out.print(f"\n{MARKS[severity]} [bold]{severity}[/]: {meaning}")
            wide(_table(own))
    move = report.case.move
    counts = " · ".join(f"{report.counts[one]} {MARKS[one]}" for one in SEVERITIES if report.counts[one])
    out.print(f"\nAirflow {move.before} → {move.after}: {report.seen} · {counts or 'nothing to mend'}")


def _table(groups: dict[Group, list[Finding]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), expand=False, show_edge=False)
    table.add_column("where", overflow="fold", ratio=3)
    table.add_column("what", overflow="fold", ratio=5)
    table.add_column("fix", overflow="fold", ratio=4)
    for (_, rule, what, fix), places in groups.items():
        text = f"{escape(what)} [dim]({escape(rule)}{', ' + PROVED if any(one.proved for one in places) else ''})[/]"
        table.add_row(escape(_places(places)), text, escape(fix))
    return table


def _places(findings: list[Finding]) -> str:
    names = list(dict.fromkeys(one.place for one in findings))
    more = [f"and {len(names) - PLACES} more"] if len(names) > PLACES else []
    return "\n".join([*names[:PLACES], *more])
