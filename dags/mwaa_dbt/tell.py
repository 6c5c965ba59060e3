"""Tasks that end with what dbt said, node by node, and that leave it to the archive."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.events import SWITCHES, EventLog, parse
from mwaa_dbt.hooks import OFF
from mwaa_dbt.problems import COLOUR, FAILED, Files, Problem
from mwaa_dbt.project import RELEASE
from mwaa_dbt.results import WARNED, Invocation, hidden, read_freshness, read_results

PATIENCE = 2.0  # seconds that dbt may take to log the reason of a failure that it has printed
FIRST = 3  # problems that one error tells in full
LAST = 12  # lines of output where dbt gave no reason
STAMP = re.compile(r"^\d\d:\d\d:\d\d\s*")


class Telling:
    """Raise what dbt said, and keep what it left; for any operator of Cosmos that runs dbt."""

    told: tuple[Problem, ...] = ()
    lost: tuple[str, ...] = ()

    def get_env(self, context: Any) -> dict[str, Any]:
        """Return dbt's environment: its log in JSON, no colours, and no hooks, which have tasks of their own."""
        return {**SWITCHES, **OFF, **super().get_env(context)}  # type: ignore[misc]

    def _handle_post_execution(self, tmp_project_dir: str, context: Any, *rest: Any, **more: Any) -> None:
        from mwaa_dbt.archive import keep

        super()._handle_post_execution(tmp_project_dir, context, *rest, **more)  # type: ignore[misc]
        files = project_files(self, tmp_project_dir)
        outcomes, problems = read_results(files)
        stale = read_freshness(files)
        self.told = tuple(one for one in (*(one for one, _ in problems), *stale) if one.status in FAILED)
        self.lost = () if outcomes or stale else tuple(_plain("\n".join(EventLog(files.folder).errors())))
        invocation = Invocation(
            **_names(context["ti"]),
            outcomes=outcomes,
            problems=hidden(problems, FAILED),
            warnings=hidden(problems, WARNED),
            stale=stale,
            errors=list(self.lost),
        )
        keep(files.folder, invocation)

    def handle_exception_subprocess(self, result: Any) -> None:
        """Raise ProjectError if dbt failed; Cosmos would log the whole output again, as one line."""
        if result.exit_code:
            raise failure(self.told) if self.told else self._lost(result.full_output)

    def _lost(self, output: Iterable[str]) -> ProjectError:
        words = self.lost or tuple(_plain("\n".join(map(_message, output)))[-LAST:])
        first, *rest = words or ("dbt gave no reason.",)
        return ProjectError("\n".join((f"dbt itself failed: {first}", *rest)), "the log above", "mend what it names")


def _names(ti: Any) -> dict[str, Any]:
    names = {"dag": ti.dag_id, "run": ti.run_id, "task": ti.task_id}
    return {**names, "attempt": ti.try_number, "release": RELEASE.name[:12]}


def project_files(task: Any, folder: str) -> Files:
    """Return the project of a task, as dbt has left it in a folder."""
    return Files(Path(folder), task.profile_config.profile_name, task.dag_id)


def _message(line: str) -> str:
    event = parse(line)
    return str(event["info"].get("msg", "")) if event else line


def _plain(text: str) -> list[str]:
    lines = (STAMP.sub("", COLOUR.sub("", line)).rstrip() for line in text.splitlines())
    return [line for line in lines if line]


def failure(problems: tuple[Problem, ...]) -> ProjectError:
    """Return one error for problems: one stands alone, of several the first are told in full."""
    if len(problems) == 1:
        return problems[0].error
    first = "\n\n".join(str(one.error) for one in problems[:FIRST])
    others = [one.name for one in problems[FIRST:]]
    more = f"\n\nand {', '.join(others)}" if others else ""
    return ProjectError(f"{len(problems)} nodes failed.\n\n{first}{more}", problems[0].file, "mend them")


@functools.cache
def telling(kind: type) -> type:
    """Return an operator of Cosmos' that also tells what dbt said; the same class for the same kind."""
    return type(kind.__name__, (Telling, kind), {"__module__": __name__, "__doc__": kind.__doc__})


def problems_key(node: str) -> str:
    """Return the XCom key of the problems of a node's tests, at the producer."""
    return f"{node.replace('.', '__')}_tests_problems"
