"""What Cosmos' tasks lack: a retry that runs, tests that run after it, and words (Cosmos 1.15.1)."""

from __future__ import annotations

from functools import cache
from typing import Any

from airflow.sdk import BaseOperator
from cosmos.operators._watcher.state import get_status_xcom_key, get_xcom_val, is_dbt_node_status_success
from cosmos.operators.local import AbstractDbtLocalBase
from cosmos.operators.watcher import (
    DbtProducerWatcherOperator,
    DbtRunWatcherOperator,
    DbtSeedWatcherOperator,
    DbtSnapshotWatcherOperator,
    DbtTestWatcherOperator,
)

from mwaa_dbt.tell import Producer, Telling, Watching

# `dbt run` knows no unit tests; `dbt build` runs those of the model first, and builds nothing if one fails.
WITH_UNIT_TESTS = ["build", "--exclude-resource-type", "test"]


class RunWatcher(Watching, Telling, DbtRunWatcherOperator):
    """Watch a model."""


class SeedWatcher(Watching, Telling, DbtSeedWatcherOperator):
    """Watch a seed."""


class SnapshotWatcher(Watching, Telling, DbtSnapshotWatcherOperator):
    """Watch a snapshot."""


class TestWatcher(Watching, Telling, DbtTestWatcherOperator):
    """Watch a node's tests, or run them where the producer did not.

    dbt skips the tests of a node that failed, which Cosmos reports as failed tests: a model that its own retry
    had built could not turn green.
    """

    def poke(self, context: Any) -> bool:
        """Return whether the tests are done."""
        built = get_xcom_val(context["ti"], self.producer_task_id, get_status_xcom_key(self.model_unique_id))
        if built and not is_dbt_node_status_success(built.get("status")):
            return bool(self._fallback_to_non_watcher_run(context["ti"].try_number, context))
        return bool(super().poke(context))


OURS: dict[type, type] = {
    DbtProducerWatcherOperator: Producer,
    DbtRunWatcherOperator: RunWatcher,
    DbtSeedWatcherOperator: SeedWatcher,
    DbtSnapshotWatcherOperator: SnapshotWatcher,
    DbtTestWatcherOperator: TestWatcher,
}


@cache
def telling(kind: type) -> type:
    """Return an operator of Cosmos' that also tells what dbt said; the same class for the same kind."""
    return type(kind.__name__, (Telling, kind), {"__module__": __name__, "__doc__": kind.__doc__})


def mend(task: BaseOperator, unit_tests: bool) -> None:
    """Give a task of Cosmos' the behaviour above; Cosmos offers no way to name another operator class.

    Args:
        task: any task of a dbt group.
        unit_tests: whether a model's own dbt runs its unit tests.
    """
    kind = type(task)
    if kind in OURS:
        task.__class__ = OURS[kind]
    elif isinstance(task, AbstractDbtLocalBase) and not isinstance(task, Telling):
        task.__class__ = telling(kind)
    if unit_tests and getattr(task, "base_cmd", None) == ["run"]:
        task.base_cmd = WITH_UNIT_TESTS
