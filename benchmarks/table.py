"""Results as a table on the terminal, and as a block of a document."""

from __future__ import annotations

import re

from rich.table import Table

from benchmarks.measure import Result, Row
from mwaa_dbt.errors import ProjectError


def as_table(result: Result) -> Table:
    """Return the table that a person sees."""
    head, *rows = cells(result)
    table = Table(title=result.title, title_justify="left")
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table


def as_markdown(result: Result) -> str:
    """Return the same table for a document."""
    head, *rows = cells(result)
    ruler = ["---", *("---:" for _ in head[1:])]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in (head, ruler, *rows))
    return f"{result.title}:\n\n{lines}"


def cells(result: Result) -> list[list[str]]:
    """Return a result's head and rows; a ratio is to the first row."""
    first = result.rows[0]
    facts = list(dict.fromkeys(name for row in result.rows for name in row.facts))
    return [["", "seconds", "ratio", "n", *facts], *(_cells(row, first, facts) for row in result.rows)]


def _cells(row: Row, first: Row, facts: list[str]) -> list[str]:
    others = [_number(row.facts[name]) if name in row.facts else "" for name in facts]
    return [row.what, f"{row.seconds:.2f}", f"{row.seconds / first.seconds:.2g}", str(row.n), *others]


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def replace(document: str, name: str, text: str) -> str:
    """Return the document with this text between the markers of that name; the rest stays as it is.

    Raises:
        ProjectError: if the document does not have both markers, once each.
    """
    begin, end = f"<!-- benchmark:{name} -->", f"<!-- /benchmark:{name} -->"
    pattern = re.compile(f"{re.escape(begin)}\n.*?^{re.escape(end)}$", re.DOTALL | re.MULTILINE)
    replaced, count = pattern.subn(lambda _: f"{begin}\n{text}\n{end}", document)
    if count != 1:
        raise ProjectError(
            f"The document has no place for the benchmark {name!r}.",
            "docs/performance.md",
            f"put these two lines where its table belongs, once: {begin} {end}",
        )
    return replaced
