"""The lines of a task's log, as Airflow 2 and 3 answer them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import dropwhile, takewhile
from typing import Any, NamedTuple

from scripts.history.text import clean

# Airflow's own marks around what folds away in its UI.
FOLDS = ("::group::", "::endgroup::")
TRACEBACK = "Traceback (most recent call last):"
# How a line of Airflow 2's begins: [2026-11-22T05:00:00.000+0000] {taskinstance.py:3313} ERROR - …
STAMPED = re.compile(r"\[\d{4}-\d\d-\d\dT[^\]]*\] \{")
OURS = "mwaa_dbt.errors.ProjectError: "


class Line(NamedTuple):
    """A line of a task's log: its time and level if they are known, and the error that it tells of."""

    text: str
    error: str = ""
    at: str = ""
    level: str = ""

    @property
    def shown(self) -> str:
        """The line as a terminal may show it."""
        head = " ".join(part for part in (self.at, self.level) if part)
        text = "\n".join(part for part in (self.text, self.error) if part)
        return clean(f"{head} {text}" if head else text)


def read_lines(content: Any) -> list[Line]:
    """Return the lines of an answer's `content`, without those that only fold others away."""
    found = map(_line, content) if isinstance(content, list) else map(Line, _texts(str(content)))
    return [line for line in found if not line.text.startswith(FOLDS)]


def _texts(content: str) -> list[str]:
    # Airflow 2 answers with Python's own text of [(host, log), …].
    if content.startswith("[("):
        try:
            content = "\n".join(str(log) for _, log in ast.literal_eval(content))
        except (ValueError, SyntaxError):
            return content.splitlines()
    return content.splitlines()


def _line(line: str | Mapping[str, Any]) -> Line:
    if isinstance(line, str):
        return Line(line)
    causes = [f"{one.get('exc_type')}: {one.get('exc_value')}" for one in line.get("error_detail") or []]
    # What the task raised stands first, then its causes.
    error = causes[0].removeprefix("ProjectError: ") if causes else ""
    return Line(str(line.get("event", "")), error, _time(line.get("timestamp")), str(line.get("level") or "").upper())


def raised(lines: Sequence[Line]) -> str:
    """Return the last exception of a log of plain text, as Airflow 2 writes them, without its traceback; else ""."""
    texts = [line.text for line in lines]
    if TRACEBACK not in texts:
        return ""
    after = texts[len(texts) - texts[::-1].index(TRACEBACK) :]
    error = dropwhile(lambda text: not text.strip() or text[0].isspace(), after)
    return "\n".join(takewhile(lambda text: not STAMPED.match(text), error)).removeprefix(OURS).strip()


def _time(stamp: Any) -> str:
    try:
        return f"{datetime.fromisoformat(str(stamp)):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return ""


def last(lines: Iterable[Line], count: int) -> list[Line]:
    """Return the last lines that say something."""
    return [line for line in lines if line.text.strip() or line.error][-count:] if count else []
