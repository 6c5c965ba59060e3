"""Results as a table on the terminal, and as a block of a document."""

from __future__ import annotations

import re

from rich.table import Table

from benchmarks.measure import SIZE, Result, Row
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
    """Return a result's head and rows; a ratio is to the first row, or the first of the same size."""
    # In the order of the row that has the most of them.
    rows = sorted(result.rows, key=lambda row: -len(row.facts))
    facts = list(dict.fromkeys(name for row in rows for name in row.facts))
    sized = [SIZE] if SIZE in facts else []
    others = [name for name in facts if name != SIZE]
    head = ["", *sized, "seconds", *(["ratio"] if result.compared else []), "n", *others]
    return [head, *([row.what, *_facts(row, sized), *_times(row, result), *_facts(row, others)] for row in result.rows)]


def _times(row: Row, result: Result) -> list[str]:
    first = next(one for one in result.rows if one.facts.get(SIZE) == row.facts.get(SIZE))
    more = "> " if row.stopped else ""
    ratio = [f"{more}{row.seconds / first.seconds:.2g}"] if result.compared else []
    return [f"{more}{row.seconds:.2f}", *ratio, str(row.n)]


def _facts(row: Row, names: list[str]) -> list[str]:
    return [_number(row.facts[name]) if name in row.facts else "" for name in names]


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}".replace("-0.00", "0.00")


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
