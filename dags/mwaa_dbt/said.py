"""What one dbt invocation said, node by node: for the archive, and for the task's own error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mwaa_dbt.archive import keep
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.events import EventLog, parse
from mwaa_dbt.problems import COLOUR, Files, Problem
from mwaa_dbt.project import RELEASE
from mwaa_dbt.results import Invocation, hidden, read_freshness, read_results
from mwaa_dbt.states import FAILED, WARNED

FIRST = 3  # problems that one error tells in full
LAST = 12  # lines of output where dbt gave no reason
STAMP = re.compile(r"^\d\d:\d\d:\d\d\s*")

type Problems = tuple[Problem, ...]


def project_files(task: Any, folder: str) -> Files:
    """Return the project of a task, as dbt has left it in a folder."""
    return Files(Path(folder), task.profile_config.profile_name, task.dag_id)


def archived(files: Files, ti: Any) -> tuple[Problems, tuple[str, ...]]:
    """Leave an invocation to the archive, and return what failed in it, or dbt's own error lines."""
    outcomes, problems = read_results(files)
    stale = read_freshness(files)
    told = tuple(one for one in (*(one for one, _ in problems), *stale) if one.status in FAILED)
    lost = () if outcomes or stale else tuple(_plain("\n".join(EventLog(files.folder).errors())))
    invocation = Invocation(
        **_names(ti),
        outcomes=outcomes,
        problems=hidden(problems, FAILED),
        warnings=hidden(problems, WARNED),
        stale=stale,
        errors=list(lost),
    )
    keep(files.folder, invocation)
    return told, lost


def failure(problems: Problems) -> ProjectError:
    """Return one error for problems: one stands alone, of several the first are told in full."""
    if len(problems) == 1:
        return problems[0].error
    first = "\n\n".join(str(one.error) for one in problems[:FIRST])
    others = [one.name for one in problems[FIRST:]]
    more = f"\n\nand {', '.join(others)}" if others else ""
    return ProjectError(f"{len(problems)} nodes failed.\n\n{first}{more}", problems[0].file, "mend them")


def breakdown(lost: tuple[str, ...], output: Iterable[str]) -> ProjectError:
    """Return the error of a dbt that came to no node: its own words, else the end of what it printed."""
    words = lost or tuple(_plain("\n".join(map(_message, output)))[-LAST:])
    first, *rest = words or ("dbt gave no reason.",)
    return ProjectError("\n".join((f"dbt itself failed: {first}", *rest)), "the log above", "mend what it names")


def problem(table: Mapping[str, Any]) -> Problem:
    """Return a problem that was stored as JSON."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    return Problem(**fields)


def _names(ti: Any) -> dict[str, Any]:
    names = {"dag": ti.dag_id, "run": ti.run_id, "task": ti.task_id}
    return {**names, "attempt": ti.try_number, "release": RELEASE.name[:12]}


def _message(line: str) -> str:
    event = parse(line)
    return str(event["info"].get("msg", "")) if event else line


def _plain(text: str) -> list[str]:
    lines = (STAMP.sub("", COLOUR.sub("", line)).rstrip() for line in text.splitlines())
    return [line for line in lines if line]
