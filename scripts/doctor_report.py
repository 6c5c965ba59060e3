"""What a person or a machine is told by `mwaa doctor`: each value of an environment's sizing, and what was found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from mwaa_dbt.sizing import LEFT, Size, Value, defaults, derive, option_name
from scripts.console import out, wide
from scripts.doctor import Case, Report

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "error": "[red]✗[/]"}
PLAIN = ("snowflake.threads", "tasks.poll", "tasks.execution")


@dataclass(frozen=True)
class Row:
    """A setting, its value, where that is from, why it is so, and where the rule comes from."""

    name: str
    value: int | str
    origin: str
    reason: str
    source: str


def rows(case: Case) -> list[Row]:
    """Return the values of an environment's sizing; Airflow's options by their name in its version."""
    size = case.environment.size
    if size is None:
        reason = "there is no class that it could follow from"
        return [Row(name, _setting(case, name), case.where(name) or "default", reason, "") for name in PLAIN]
    values = {**defaults(size.name), **derive(size)}
    left = [Row(option_name(name, case.airflow), "", "left alone", reason, "") for name, reason in LEFT.items()]
    return [_row(case, size, name, value) for name, value in values.items()] + left


def _setting(case: Case, name: str) -> int | str:
    table, key = name.split(".", 1)
    found: int | str = getattr(getattr(case.environment, table), key)
    return found


def _row(case: Case, size: Size, name: str, derived: Value) -> Row:
    shown, value = name, None
    if name.startswith("airflow."):
        shown = option_name(name.removeprefix("airflow."), case.airflow)
        name, value = f"airflow.{shown}", case.environment.airflow.get(shown, derived.value)
    value = _setting(case, name) if value is None else value
    reason = derived.reason if str(value) == str(derived.value) else f"instead of {derived.value}: {derived.reason}"
    return Row(shown, value, case.where(name) or f"derived from {size.name}", reason, derived.source)


def as_table(report: Report) -> dict[str, Any]:
    """Return the report for a machine."""
    case, size = report.case, report.case.environment.size
    return {
        "environment": case.name,
        "environment_class": size.name if size else None,
        "settings": [asdict(row) for row in rows(case)],
        "findings": [asdict(finding) for finding in report.findings],
        "healthy": report.healthy,
    }


def show(report: Report) -> None:
    """Print the table of settings, then a line for each finding, what mends it below."""
    table = Table("setting", Column("value", overflow="fold"), "from", "why", "source")
    for row in rows(report.case):
        table.add_row(*map(escape, (row.name, str(row.value), row.origin, row.reason, row.source)))
    wide(table)
    for finding in report.findings:
        out.print(f"{MARKS[finding.state]} {escape(finding.what)}")
        if finding.fix:
            out.print(f"  [bold]fix:[/] {escape(finding.fix)}")
