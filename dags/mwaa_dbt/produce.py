"""The producer: one dbt for all nodes of a group, which tells each watching task as soon as it can."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cosmos.constants import _DBT_STARTUP_EVENTS_XCOM_KEY
from cosmos.operators._watcher.aggregation import get_tests_status_xcom_key
from cosmos.operators._watcher.state import get_status_xcom_key, safe_xcom_push
from cosmos.operators._watcher.xcom import _backup_xcom_to_variable
from cosmos.operators.watcher import DbtProducerWatcherOperator

from mwaa_dbt.archive import prepare
from mwaa_dbt.events import EventLog, parse
from mwaa_dbt.problems import Problem, explain
from mwaa_dbt.progress import End, Progress, verdict
from mwaa_dbt.said import project_files
from mwaa_dbt.tell import Telling
from mwaa_dbt.watched import OTHERS, TESTS, problems_key

PATIENCE = 2.0  # seconds that dbt may take to log the reason of a failure that it has printed
BACKUP = 20.0  # seconds between two copies of what has been told
LONGEST = 50_000  # characters of compiled SQL that a watching task shows
STARTUP = ("MainReportVersion", "AdapterRegistered")
BEGUN = "ConcurrencyLine"  # dbt has read the project, has asked the warehouse what is there, and now builds

log = logging.getLogger(__name__)


class Producer(Telling, DbtProducerWatcherOperator):
    """Build everything in one dbt.

    Cosmos sends six values per node, and with each a copy of all before it (enable_watcher_reliable_retry): at 200
    models that was four fifths of what Airflow's API server had to do. Here it is one value per watching task, and a
    copy now and then.
    """

    # What each watching task stands for: a node's unique id, the same with TESTS, or OTHERS → unique ids.
    watched: Mapping[str, tuple[str, ...]]

    def run_subprocess(self, command: list[str], env: dict[str, str], cwd: str, **more: Any) -> Any:
        """Run dbt, with its log at hand."""
        self._log, self._files = EventLog(Path(cwd)), project_files(self, cwd)
        self._progress, self._problems = Progress(self.watched), dict[str, Problem]()
        self._started, self._saved = list[dict[str, Any]](), time.monotonic()
        self._models = dict[str, Path]()
        # Where Cosmos notes that it copies with each; it still deletes the copy at the end (Cosmos 1.15.1, xcom.py).
        more["context"]["ti"]._cosmos_xcom_persist_incrementally = False
        prepare()
        result = super().run_subprocess(command, env, cwd, **more)
        for task, ends in self._progress.rest():
            self._tell(more["context"]["ti"], task, ends)
        return result

    def _make_parse_callable(self) -> Callable[[str, Any], None]:
        return self._follow

    def _follow(self, line: str, extra: Mapping[str, Any]) -> None:
        if (event := parse(line)) is None:
            log.info("%s", line)
            return
        info, ti = event["info"], extra["context"]["ti"]
        level = logging.getLevelNamesMapping().get(str(info.get("level", "")).upper(), logging.INFO)
        log.log(level, "%s  %s", str(info.get("ts", ""))[11:19], info.get("msg", ""))
        if info.get("name") in STARTUP:
            self._started.append({name: info.get(name, "") for name in ("name", "msg", "ts")})
        if info.get("name") == BEGUN:
            safe_xcom_push(ti, _DBT_STARTUP_EVENTS_XCOM_KEY, self._started)
        if end := self._progress.read(event):
            self._note_model(event["data"]["node_info"])
            if end.failed and not end.blocked:
                self._problems[end.node] = self._explain(end)
            for task, ends in self._progress.closed(end.node):
                self._tell(ti, task, ends)

    def _explain(self, end: End) -> Problem:
        ended = self._log.finished(end.node, PATIENCE)
        if ended is None:
            return Problem(end.node, end.status, "")
        return explain(self._files, end.node, end.status, ended.message, ended.sql)

    def _tell(self, ti: Any, task: str, ends: list[End]) -> None:
        problems = [asdict(self._problems[end.node]) for end in ends if end.node in self._problems]
        status = verdict(ends)
        if task.endswith(TESTS):
            node = task.removesuffix(TESTS)
            if problems:
                safe_xcom_push(ti, problems_key(node), problems)
            safe_xcom_push(ti, get_tests_status_xcom_key(node), "fail" if status == "error" else "pass")
        else:
            blocked = not problems and not self._progress.failed(self.watched.get(OTHERS, ()))
            word = {"status": status, "outlet_uris": [], "problems": problems, "blocked": blocked}
            safe_xcom_push(ti, get_status_xcom_key(task), {**word, "compiled_sql": self._compiled(task)})
        if time.monotonic() - self._saved > BACKUP:
            _backup_xcom_to_variable({"ti": ti})
            self._saved = time.monotonic()

    def _note_model(self, info: Mapping[str, Any]) -> None:
        if info.get("resource_type") == "model" and info.get("node_path"):
            package = str(info["unique_id"]).split(".")[1]
            self._models[info["unique_id"]] = Path("target", "compiled", package, "models", info["node_path"])

    def _compiled(self, node: str) -> str | None:
        """Return what dbt made of a model, for the task's rendered template."""
        path = self._files.folder / self._models.get(node, "nothing")
        text = path.read_text(errors="replace").strip() if path.is_file() else ""
        return text if text and len(text) <= LONGEST else None
