"""Which task this process is for, and the part of a project that it needs.

In Airflow 3 each task's process parses its DAG file. It says for which task, so that a DAG file may make only that one.
In Airflow 2 it must make all: that process also schedules what follows (scheduler.schedule_after_task_execution), and
marks each task as removed that its DAG lacks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import NamedTuple

from mwaa_dbt import slices
from mwaa_dbt.airflow_sdk import AIRFLOW_2, DAG, TaskGroup, get_parsing_context
from mwaa_dbt.nodes import Selection, as_project, attach
from mwaa_dbt.project import Unpacked, open_projects
from mwaa_dbt.settings import runtime

# Stands in a dbt group for all that this process does not make of it.
REST = "dbt_rest"

log = logging.getLogger(__name__)
_dags: list[DAG] = []
_given_up: list[str] = []


class Wanted(NamedTuple):
    """The task of this process."""

    task: str

    def is_inside(self, group: TaskGroup) -> bool:
        """Say whether it is a task of this group, as far as its name tells."""
        return self.task.startswith(f"{group.group_id}.")

    def is_known(self) -> bool:
        """Say whether it can be a task of any dbt group; one of the DAG file's own may look at the whole DAG."""
        return self.label.startswith("dbt_") or any(
            self.label == f"{project.name}_test" or any(slices.find(project.folder, name) for name in self._names)
            for project in open_projects()
        )

    @property
    def _names(self) -> list[str]:
        # With `after_each` the last name but one is the node's.
        return self.task.split(".")[:-3:-1]

    @property
    def label(self) -> str:
        """The task's own name."""
        return self.task.rsplit(".", 1)[-1]

    def parts(self, release: Unpacked) -> Iterator[Selection]:
        """Yield the nodes that it may be for, each with its tests."""
        for name in self._names:
            for manifest in slices.find(release.folder, name):
                project = as_project(manifest, release.folder)
                yield attach(project, {key: node for key, node in project.nodes.items() if not key.startswith("test.")})


def wanted(dag: DAG) -> Wanted | None:
    """Return the task that this process is for; None where the whole DAG is."""
    context = get_parsing_context()
    # Of the file's other DAGs nothing is wanted: a group of theirs has at most a task of that name.
    if not context.task_id or "." not in context.task_id:
        return None
    task = Wanted(context.task_id)
    if AIRFLOW_2 or _given_up or not runtime().environment.tasks.slice or not task.is_known():
        return None
    _dags.append(dag)
    return task


def give_up(fault: Exception | None) -> bool:
    """Say whether a DAG file must be executed again, for the whole DAG; from then on `wanted` returns None.

    Args:
        fault: how it failed; None if it did not, and only its task may be missing.
    """
    if not _dags or not (fault or any(_lacks_task(dag) for dag in _dags)):
        return False
    log.warning("This process makes the whole DAG, not its task alone: %r", fault or "the task is not there")
    for dag in _dags:
        # Airflow has noted it already, and would take it for the whole one.
        dag.dag_id = f"{dag.dag_id}.sliced"
    _given_up.append(repr(fault))
    _dags.clear()
    return True


def _lacks_task(dag: DAG) -> bool:
    context = get_parsing_context()
    # A task of the DAG file's own may be called as a node is, in a group of its own: it may look at the whole DAG.
    groups = [name.removesuffix(REST) for name in dag.task_dict if name.endswith(f".{REST}")]
    made = context.task_id in dag.task_dict and str(context.task_id).startswith(tuple(groups))
    return dag.dag_id == context.dag_id and not made
