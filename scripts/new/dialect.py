"""SQL read as Snowflake reads it, by sqlglot: what is no SQL there, and what another database means otherwise."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import sqlglot
from sqlglot.errors import ParseError, SqlglotError, TokenError

from mwaa_dbt.lines import Place, source_line
from scripts.new.finding import Case, Finding
from scripts.new.static import OURS

# dbt's name of an adapter → sqlglot's of its dialect, where they differ.
DIALECTS = {"fabric": "tsql", "sqlserver": "tsql", "synapse": "tsql", "sqlite": "sqlite"}
WIDEST = 70  # characters of a line that is shown
# It warns on standard error of what it cannot translate, without saying in which model.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


def examine_sql(case: Case, models: Iterable[tuple[Path, str]]) -> Iterator[Finding]:
    """Yield the models whose compiled SQL Snowflake would refuse, or where it means something else there."""
    dialect = DIALECTS.get(case.adapter or "", case.adapter)
    foreign = dialect if dialect != OURS and dialect in sqlglot.Dialect.classes else None
    for file, sql in models:
        if not sql.strip():
            continue
        try:
            ours = sqlglot.parse_one(sql, read=OURS)
        except (ParseError, TokenError) as error:
            yield _refused(case, file, sql, error, foreign)
        except (SqlglotError, RecursionError):
            continue
        else:
            yield from _other(case, file, sql, foreign, ours.sql(OURS, pretty=True)) if foreign else ()


def _refused(case: Case, file: Path, sql: str, error: SqlglotError, foreign: str | None) -> Finding:
    line, said = _first(error)
    own = file.read_text(errors="replace").splitlines()
    # sqlglot counts from the text's beginning, source_line from the first line that is not empty.
    skipped = len(sql) - len(sql.lstrip())
    at = line - 1 - sql.count("\n", 0, skipped)
    place = source_line(own, sql, Place(at, 0)) if line and 0 <= at < len(sql.strip().splitlines()) else None
    shown = _cut(sql.splitlines()[line - 1]) if line else ""
    instead = _instead(sql, foreign, at) if foreign else ""
    return Finding(
        True,
        f"{file.stem} is no SQL of Snowflake's: {said}{f' in `{shown}`' if shown else ''}.",
        case.where(file, place),
        f"write `{instead}`" if instead else "write it as Snowflake does",
    )


def _first(error: SqlglotError) -> tuple[int, str]:
    details = getattr(error, "errors", None) or []
    if details:
        return int(details[0].get("line") or 0), str(details[0].get("description", "")).rstrip(".")
    text = str(error).split("\n")[0]
    found = re.search(r"line:? (\d+)", text, re.IGNORECASE)
    return int(found[1]) if found else 0, "it cannot be read"


def _other(case: Case, file: Path, sql: str, foreign: str, ours: str) -> Iterator[Finding]:
    """Yield a model that both databases can read, and understand otherwise."""
    theirs = _translated(sql, foreign)
    if not theirs or theirs.lower() == ours.lower():
        return
    pairs = [pair for pair in zip(ours.splitlines(), theirs.splitlines(), strict=False) if pair[0] != pair[1]]
    written, meant = pairs[0] if pairs else ("", "")
    yield Finding(
        False,
        f"{file.stem} would mean something else: `{_cut(written)}`, as {case.adapter} reads it, is "
        f"`{_cut(meant)}` on {OURS}.",
        case.where(file),
        "compare; sqlglot's translation is a hint, no proof",
    )


def _translated(sql: str, foreign: str) -> str:
    try:
        return sqlglot.parse_one(sql, read=foreign).sql(OURS, pretty=True)
    except (SqlglotError, RecursionError):
        return ""


def _instead(sql: str, foreign: str, at: int) -> str:
    """Return the line of the translation that stands in the place of a line; empty if none does for sure."""
    wanted = sql.strip().splitlines()[at].strip() if 0 <= at < len(sql.strip().splitlines()) else ""
    for candidate in (wanted.rstrip(","), f"select {wanted.rstrip(',')}"):
        try:
            made = sqlglot.parse_one(candidate, read=foreign).sql(OURS)
        except (SqlglotError, RecursionError):
            continue
        return _cut(made.removeprefix("SELECT ") if candidate.startswith("select ") and candidate != wanted else made)
    return ""


def _cut(line: str) -> str:
    line = line.strip()
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 2]} …"
