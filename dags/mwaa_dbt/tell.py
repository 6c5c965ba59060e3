"""Tasks that end with what dbt said, node by node, and that leave it to the archive."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowSkipException
from cosmos.operators._watcher.state import get_xcom_val, safe_xcom_push
from cosmos.operators.watcher import DbtProducerWatcherOperator

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.events import SWITCHES, EventLog, parse
from mwaa_dbt.hooks import OFF
from mwaa_dbt.problems import COLOUR, FAILED, Files, Problem, explain
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


class Producer(Telling, DbtProducerWatcherOperator):
    """Build everything in one dbt, and tell each watching task why its node failed as soon as it has."""

    def run_subprocess(self, command: list[str], env: dict[str, str], cwd: str, **more: Any) -> Any:
        """Run dbt, with its log at hand."""
        self._log, self._files, self._seen = EventLog(Path(cwd)), project_files(self, cwd), dict[str, list[Any]]()
        return super().run_subprocess(command, env, cwd, **more)

    def _make_parse_callable(self) -> Callable[[str, Any], None]:
        return functools.partial(self._follow, super()._make_parse_callable())

    def _follow(self, theirs: Callable[[str, Any], None], line: str, extra: Any) -> None:
        # First ours: with Cosmos' part the watching task may read, and must find the reason there.
        info = ((parse(line) or {}).get("data") or {}).get("node_info") or {}
        node = info.get("unique_id")
        if node and info.get("node_status") in FAILED and node not in self._seen:
            self._push(node, str(info["node_status"]), extra["context"]["ti"])
        theirs(line, extra)

    def _push(self, node: str, status: str, ti: Any) -> None:
        ended = self._log.finished(node, PATIENCE)
        problem = explain(self._files, node, status, ended.message, ended.sql) if ended else Problem(node, status, "")
        self._seen[node] = [asdict(problem)]
        safe_xcom_push(ti, problems_key(node), self._seen[node])
        for tested in (model for model, tests in self.tests_per_model.items() if node in tests):
            self._seen.setdefault(f"{tested} tests", []).append(asdict(problem))
            safe_xcom_push(ti, problems_key(tested, tests=True), self._seen[f"{tested} tests"])


def problems_key(node: str, *, tests: bool = False) -> str:
    """Return the XCom key of a node's problems, or of those of its tests, at the producer."""
    return f"{node.replace('.', '__')}{'_tests' if tests else ''}_problems"


class Watching:
    """Fail with what the producer's dbt said of the node, and run the node at a retry; for Cosmos' watching tasks.

    Cosmos would read the same failure again for as long as the producer builds others, and fail: with retries minutes
    apart and a long build, a model never got a second chance.
    """

    def poke(self, context: Any) -> bool:
        """Return whether the node is done."""
        return bool(self._explained(context, super().poke, context))  # type: ignore[misc]

    def execute_complete(self, context: Any, event: dict[str, Any]) -> None:
        """End what was deferred."""
        self._explained(context, super().execute_complete, context, event)  # type: ignore[misc]

    def _explained(self, context: Any, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except AirflowSkipException:
            raise
        except AirflowException as error:
            attempt = context["ti"].try_number
            if attempt > 1:
                return self._fallback_to_non_watcher_run(attempt, context)  # type: ignore[attr-defined]
            found = self._problems(context["ti"])
            raise (failure(found) if found else error) from None

    def _problems(self, ti: Any) -> tuple[Problem, ...]:
        key = problems_key(self.model_unique_id, tests=self.is_test_sensor)  # type: ignore[attr-defined]
        found = get_xcom_val(ti, self.producer_task_id, key) or []  # type: ignore[attr-defined]
        return tuple(problem(item) for item in found)


def problem(table: Mapping[str, Any]) -> Problem:
    """Return a problem that was stored as JSON."""
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    return Problem(**fields)
