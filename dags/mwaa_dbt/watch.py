"""Cosmos' watching tasks with what they lack: one look instead of six, a retry that runs, and words (Cosmos 1.15.1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from cosmos.constants import _DBT_STARTUP_EVENTS_XCOM_KEY
from cosmos.operators._watcher.aggregation import get_tests_status_xcom_key
from cosmos.operators._watcher.state import get_status_xcom_key, get_xcom_val, is_producer_task_terminated
from cosmos.operators.watcher import (
    DbtRunWatcherOperator,
    DbtSeedWatcherOperator,
    DbtSnapshotWatcherOperator,
    DbtTestWatcherOperator,
)

from mwaa_dbt.airflow_sdk import AirflowException, AirflowSkipException, TaskInstanceState
from mwaa_dbt.states import PASSED, SKIPPED
from mwaa_dbt.tell import Telling
from mwaa_dbt.watched import OTHERS, problems_key

# Seconds that a task waits for its node before it defers: a deferral costs a second start of the task, and waiting
# a slot, of which a worker has few.
PATIENCE = 2.0
LOOK = 0.5  # seconds between two looks
# Seconds that it also waits for dbt to begin, once its producer runs: the first tasks of a run would all defer. No more
# of them than there are slots do so, for what comes later finds that dbt has begun.
BEGIN = 10.0
# What a task that only watches renders: of each field Airflow makes a validator (docs/upstream/rendered-fields.md).
SHOWN = ("compiled_sql",)
# What it renders before it runs dbt itself.
COMMAND = tuple(name for name in dict.fromkeys(DbtRunWatcherOperator.template_fields) if name not in SHOWN)


def awaited[T](look: Callable[[], T], seconds: float) -> T | None:
    """Look now and then until there is something; return None if there is nothing in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(max(LOOK, seconds / 10))
        if seen := look():
            return seen
    return None


class Watching:
    """End as the producer's dbt ended the node, and run the node at a retry; for Cosmos' watching tasks.

    A look asks for one value, the producer's last word on all that the task stands for. Whatever is out of the
    ordinary is left to Cosmos. There, a retry would read the same failure again for as long as the producer builds
    others, and fail: with retries minutes apart and a long build, a model never got a second chance.
    """

    template_fields: Sequence[str] = SHOWN
    _seen: Mapping[str, Any] | None = None

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Look, so that what a node was compiled to is shown without another call; at a retry, render the command."""
        if context["ti"].try_number > 1:
            self._render_command(context, jinja_env)
            return
        self._seen = self._word(context["ti"])
        self.compiled_sql = (self._seen or {}).get("compiled_sql") or ""
        # What there is not needs no call to be shown.
        self.template_fields = SHOWN if self.compiled_sql else ()

    def _fallback_to_non_watcher_run(self, try_number: int, context: Any) -> bool:
        if COMMAND[0] not in self.template_fields:
            self._render_command(context)
        return self._run(try_number, context)

    def _run(self, try_number: int, context: Any) -> bool:
        return bool(super()._fallback_to_non_watcher_run(try_number, context))  # type: ignore[misc]

    def _render_command(self, context: Any, jinja_env: Any = None) -> None:
        self.template_fields = COMMAND
        super().render_template_fields(context, jinja_env)  # type: ignore[misc]
        self.template_fields = (*SHOWN, *COMMAND)

    def poke(self, context: Any) -> bool:
        """Return whether the node is done."""
        ti = context["ti"]
        if ti.try_number > 1:
            return bool(self._retried(context, super().poke, context))  # type: ignore[misc]
        if word := self._seen or (awaited(partial(self._word, ti), PATIENCE) if self._has_begun(context) else None):
            return self._end(word, context)
        state = self._get_producer_task_status(context)  # type: ignore[attr-defined]
        return bool(is_producer_task_terminated(state)) and bool(super().poke(context))  # type: ignore[misc]

    def _has_begun(self, context: Any) -> bool:
        """Return whether dbt builds; if its producer runs, wait for that."""
        begun = partial(self._told, context["ti"], _DBT_STARTUP_EVENTS_XCOM_KEY)
        if begun():
            return True
        state = self._get_producer_task_status(context)  # type: ignore[attr-defined]
        # Where it does not run yet, it may be for want of the slot that this task has.
        return state == TaskInstanceState.RUNNING and bool(awaited(begun, BEGIN))

    def execute_complete(self, context: Any, event: dict[str, Any]) -> None:
        """End what was deferred."""
        ti = context["ti"]
        if ti.try_number == 1 and (word := self._seen or self._word(ti)):
            self._end(word, context)
        else:
            self._retried(context, super().execute_complete, context, event)  # type: ignore[misc]

    def _word(self, ti: Any) -> Mapping[str, Any] | None:
        word: Mapping[str, Any] | None = self._told(ti, self._key)
        return word

    def _told(self, ti: Any, key: str) -> Any:
        return get_xcom_val(ti, self.producer_task_id, key)  # type: ignore[attr-defined]

    @property
    def _key(self) -> str:
        return str(get_status_xcom_key(self.model_unique_id))  # type: ignore[attr-defined]

    def _end(self, word: Mapping[str, Any], context: Any) -> bool:
        node = self.model_unique_id  # type: ignore[attr-defined]
        if word["status"] == SKIPPED:
            raise AirflowSkipException(f"dbt skipped {node}.")
        if word["status"] in PASSED:
            self._show(word.get("compiled_sql"), context)
            return True
        if word.get("blocked"):
            # Airflow starts a task when those before it are green: what kept dbt from it has been mended by a retry.
            return bool(self._fallback_to_non_watcher_run(context["ti"].try_number, context))
        from mwaa_dbt.said import failure, problem  # few fail, and all would pay for the import

        found = tuple(problem(item) for item in word.get("problems", ()))
        raise failure(found) if found else AirflowException(f"dbt did not build {node}; see the producer's log.")

    def _show(self, sql: str | None, context: Any) -> None:
        if sql and sql != self.compiled_sql:
            self.compiled_sql, self.template_fields = sql, SHOWN
            self._override_rtif(context)  # type: ignore[attr-defined]

    def _retried(self, context: Any, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except AirflowSkipException:
            raise
        except AirflowException:
            if context["ti"].try_number == 1:
                raise
            return self._fallback_to_non_watcher_run(context["ti"].try_number, context)


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

    @property
    def _key(self) -> str:
        return str(get_tests_status_xcom_key(self.model_unique_id))

    def _word(self, ti: Any) -> Mapping[str, Any] | None:
        # Cosmos' trigger wants one plain status here, so the reasons are elsewhere.
        if (status := self._told(ti, self._key)) is None:
            return None
        problems = [] if status in PASSED else self._told(ti, problems_key(self.model_unique_id))
        return {"status": status, "problems": problems or [], "blocked": not problems}


class OthersWatcher(TestWatcher):
    """Watch the tests that belong to no one node of the group: of several, of sources, of none."""

    @property
    def _key(self) -> str:
        return str(get_status_xcom_key(OTHERS))

    def _word(self, ti: Any) -> Mapping[str, Any] | None:
        return Watching._word(self, ti)

    def _run(self, try_number: int, context: Any) -> bool:
        self.build_and_run_cmd(context, cmd_flags=["--select", *self.select.split()])
        return True
