"""What Cosmos' watching tasks lack: a retry that runs, and tests that run after it (Cosmos 1.15.1)."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator
from cosmos.operators._watcher.state import get_status_xcom_key, get_xcom_val, is_dbt_node_status_success
from cosmos.operators.watcher import (
    DbtRunWatcherOperator,
    DbtSeedWatcherOperator,
    DbtSnapshotWatcherOperator,
    DbtTestWatcherOperator,
)

# `dbt run` knows no unit tests; `dbt build` runs those of the model first, and builds nothing if one fails.
WITH_UNIT_TESTS = ["build", "--exclude-resource-type", "test"]


class Retrying:
    """Run a node at its retry even while the producer still builds others.

    Cosmos would go on watching, read the same failure again and fail: with retries minutes apart and a long
    build, a model never got a second chance.
    """

    def _handle_retry(self, try_number: int, producer_task_state: str | None, context: Any) -> bool | None:
        status = self._get_node_status(context["ti"], context)  # type: ignore[attr-defined]
        if status is not None and not is_dbt_node_status_success(status):
            return bool(self._fallback_to_non_watcher_run(try_number, context))  # type: ignore[attr-defined]
        return super()._handle_retry(try_number, producer_task_state, context)  # type: ignore[misc,no-any-return]


class RunWatcher(Retrying, DbtRunWatcherOperator):
    """Watch a model."""


class SeedWatcher(Retrying, DbtSeedWatcherOperator):
    """Watch a seed."""


class SnapshotWatcher(Retrying, DbtSnapshotWatcherOperator):
    """Watch a snapshot."""


class TestWatcher(Retrying, DbtTestWatcherOperator):
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
    DbtRunWatcherOperator: RunWatcher,
    DbtSeedWatcherOperator: SeedWatcher,
    DbtSnapshotWatcherOperator: SnapshotWatcher,
    DbtTestWatcherOperator: TestWatcher,
}


def mend(task: BaseOperator, unit_tests: bool) -> None:
    """Give a task of Cosmos' the behaviour above; Cosmos offers no way to name another operator class.

    Args:
        task: any task of a dbt group.
        unit_tests: whether a model's own dbt runs its unit tests.
    """
    task.__class__ = OURS.get(type(task), type(task))
    if unit_tests and getattr(task, "base_cmd", None) == ["run"]:
        task.base_cmd = WITH_UNIT_TESTS
