"""A DAG run as a test follows it: its states by node, its processes, and clearing it as the UI does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil

from scripts.airflow.run import DONE
from scripts.local import state
from scripts.local.api import Api
from tests.e2e.conftest import Project

SHORTEST = 0.3  # seconds between looks


def until(what: str, condition: Callable[[], bool], limit: float) -> None:
    """Wait for a condition.

    Args:
        what: names it, if it does not come true.
        condition: asked a few times a second.
        limit: seconds.
    """
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"{what}: not in {limit:.0f} s"
        time.sleep(SHORTEST)


@dataclass(frozen=True)
class DagRun:
    """A run of a DAG whose one dbt group is called `group`."""

    api: Api
    dag: str
    name: str
    group: str

    @property
    def state(self) -> str:
        """The run's own state."""
        return self.api.state(self.dag, self.name)

    def ended(self, limit: float) -> str:
        """Wait for the run's end and return its state; `limit` is in seconds."""
        until(f"the end of {self.dag}", lambda: self.state in DONE, limit)
        return self.state

    def nodes(self, names: tuple[str, ...]) -> dict[str, set[str]]:
        """Return the states of each node's tasks: one, or one to build it and one for its tests."""
        tasks = self.api.tasks(self.dag, self.name)
        found = {name: {str(task["state"]) for task in tasks if self._is_of(task["task_id"], name)} for name in names}
        assert all(found.values()), f"a node has no task: {found}"
        return found

    def clear(self, node: str | None = None) -> None:
        """Clear a node and what comes after it; without a node all that failed. The run then goes on."""
        body: dict[str, Any] = {"dry_run": False, "dag_run_id": self.name, "reset_dag_runs": True}
        if node:
            body |= {"task_ids": self._tasks(node), "include_downstream": True, "only_failed": False}
        else:
            body |= {"only_failed": True}
        self.api.call("POST", f"dags/{self.dag}/clearTaskInstances", json=body)

    def _tasks(self, node: str) -> list[str]:
        return [task["task_id"] for task in self.api.tasks(self.dag, self.name) if self._is_of(task["task_id"], node)]

    def _is_of(self, task: str, node: str) -> bool:
        return bool(re.match(rf"{self.group}\.{node}($|[._])", task))


def begin(project: Project, dag: str, group: str, select: str | None = None) -> DagRun:
    """Trigger a DAG of a running rehearsal; `select` is the trigger form's."""
    api = Api(state.needed(project.paths))
    api.wait_for_dag(dag, 0.0)
    return DagRun(api, dag, api.trigger(dag, {"select": select} if select else {}), group)


def dbt_process(project: Project, node: str) -> psutil.Process:
    """Return the dbt that builds a node: the one that names it, or else the only one."""
    scheduler = psutil.Process(state.needed(project.paths).members["scheduler"].pid)
    found = [one for one in scheduler.children(recursive=True) if _is_dbt(one)]
    naming = [one for one in found if any(re.search(rf"(^|[.:]){node}$", word) for word in one.cmdline())]
    assert len(naming or found) == 1, [one.cmdline() for one in found]
    return (naming or found)[0]


def _is_dbt(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()[:2]
    except psutil.Error:
        return False
    return any(word.endswith("/bin/dbt") for word in words)
