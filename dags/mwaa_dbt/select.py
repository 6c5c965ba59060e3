"""The trigger form's `select`: asked of the real dbt at run time, answered for every task at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cosmos.operators.local import DbtLSLocalOperator

from mwaa_dbt.airflow_sdk import AIRFLOW_2, AirflowFailException
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.event_times import EventTimeError
from mwaa_dbt.event_times import variables as event_times
from mwaa_dbt.settings import dbt_executable, dbt_status
from mwaa_dbt.tested import is_tried

EVERYTHING = "fqn:*"
TESTS = "tests"  # XCom key: those of a run's `select` that have a task of their own


class SelectionError(ProjectError, AirflowFailException):
    """Tell what a second try would not mend."""


class SelectOperator(DbtLSLocalOperator):
    """Skip the tasks of a group that this run's `select` does not name.

    Without `select` it returns at once and the whole group runs. With it, `dbt ls` resolves the selection (so
    every dbt selector method works), the tasks of all other nodes are set to skipped by one call, and the
    names of the chosen ones go to the producer of the group.

    Args:
        group_select: the group's own selection, which the run's narrows; None for the whole project.
        kwargs: as for Cosmos' operator.
    """

    def __init__(self, group_select: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**{"task_id": "dbt_select", "select": "{{ params.select or '' }}", **kwargs})
        self.group_select = " ".join(group_select or []) or EVERYTHING
        self.tasks: dict[str, list[str]] = {}

    def execute(self, context: Any, **_: Any) -> str:
        """Resolve the selection.

        Raises:
            ProjectError: if dbt is not in this container.
            SelectionError: if the selection names no node of this group.
            EventTimeError: if the run's event times are none.
            DownstreamTasksSkipped: to skip what was not chosen (Airflow 3).
        """
        _check_dbt()
        # Before anything is built: no task could go by event times that are none.
        if event_times(context) and not is_tried():
            raise _untried()
        if not (self.select or "").strip():
            return self.group_select
        chosen = self._listed(context) & set(self.tasks)
        if not chosen:
            raise self._nothing()
        named = " ".join(sorted(map(selector, chosen)))
        tests = sorted(selector(node) for node in chosen if node.startswith("test."))
        context["ti"].xcom_push(key=TESTS, value=" ".join(tests))
        self._skip(context, self._others(chosen), named)
        return named

    def _skip(self, context: Any, tasks: list[str], named: str) -> None:
        if AIRFLOW_2:
            from airflow.models.skipmixin import SkipMixin

            # Not as itself: what Airflow 2 notes of a task that skips would skip them again when they are cleared.
            skip: Any = SkipMixin().skip  # Airflow 3 has it with other arguments
            skip(context["dag_run"], None, [self.dag.get_task(task) for task in tasks])
            return
        from mwaa_dbt.airflow_sdk import DownstreamTasksSkipped

        context["ti"].xcom_push(key="return_value", value=named)
        raise DownstreamTasksSkipped(tasks=tasks)

    def _listed(self, context: Any) -> set[str]:
        flags = ["--quiet", "--output", "json", "--output-keys", "unique_id"]
        result = self.build_and_run_cmd(context, cmd_flags=flags)
        lines = [line for line in result.full_output if line.lstrip().startswith("{")]
        return {json.loads(line)["unique_id"] for line in lines}

    def _others(self, chosen: set[str]) -> list[str]:
        wanted = {task for node in chosen for task in self.tasks[node]}
        return sorted({task for tasks in self.tasks.values() for task in tasks} - wanted)

    def _nothing(self) -> SelectionError:
        return SelectionError(
            f"select {self.select!r} names no node of this group.",
            f"trigger form of {self.dag_id}, param 'select'",
            f"try it with `dbt ls --select {self.select}`",
        )


def _untried() -> EventTimeError:
    return EventTimeError(
        "The run has event times, which this package does not hand to dbt with a Cosmos that it was not tried with.",
        "requirements.txt, astronomer-cosmos",
        "pin one that it was tried with, or run `dbt build --event-time-start … --event-time-end …` by hand",
    )


def selector(unique_id: str) -> str:
    """Return what names a node in dbt's selection, which knows no unique ids."""
    # A version (model.package.name.v2) belongs to the name, the hash of a test (test.package.name.1a2b) does not.
    kind, _, name = unique_id.split(".", 2)
    return name.split(".")[0] if kind == "test" else name


def _check_dbt() -> None:
    if not Path(dbt_executable()).exists():
        raise ProjectError(
            f"dbt is not in this container; startup.sh says {dbt_status()!r}.",
            dbt_executable(),
            "read the log stream startup_script_execution… of this component",
        )
