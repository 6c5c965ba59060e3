"""Each value of an environment's sizing, where it is from and why: `mwaa doctor --only sizing`."""

from __future__ import annotations

from dataclasses import dataclass

from rich.markup import escape
from rich.table import Column, Table

from mwaa_dbt.sizing import LEFT, Size, Value, defaults, derive, option_name
from scripts.console import wide
from scripts.doctor.case import Case

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


def show_values(case: Case) -> None:
    """Print the table of values."""
    table = Table("setting", Column("value", overflow="fold"), "from", "why", "source")
    for row in rows(case):
        table.add_row(*map(escape, (row.name, str(row.value), row.origin, row.reason, row.source)))
    wide(table)
