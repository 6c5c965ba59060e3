"""The end of a dbt group: what became of the run, for whoever is told of it and for the history."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mwaa_dbt.airflow_sdk import AIRFLOW_3_0, BaseOperator

if TYPE_CHECKING:
    from mwaa_dbt.archive import Store
    from mwaa_dbt.history import About

log = logging.getLogger(__name__)

TASK = "dbt_finish"


class FinishOperator(BaseOperator):
    """Merge what the group's dbt invocations left, add the run to the history, and return the summary.

    It is a teardown: it runs whatever failed before it, and does not count when Airflow judges the run. Nothing that
    it meets makes it fail, for what it tells of has happened already.
    """

    def __init__(self, project: str, release: str, group: str, **kwargs: Any) -> None:
        super().__init__(**{"task_id": TASK, **kwargs})
        self.project, self.release, self.group = project, release, group

    def execute(self, context: Any) -> dict[str, Any] | None:
        """Return the run's summary; None if the archive cannot be read."""
        from mwaa_dbt import archive, durations, history
        from mwaa_dbt.results import merge

        dag_run, store = context["dag_run"], archive.store()
        try:
            merged = merge(archive.read(self.dag_id, dag_run.run_id, self.group))
            about = self._about(dag_run, store)
        except Exception as error:
            log.warning("What dbt left of this run cannot be read: %s", error)
            return None
        for line in durations.lines(about, merged):
            log.info("%s", line)
        try:
            red = history.record(store, about, merged)
        except Exception as error:
            log.warning("The history has no line of this run: %s", error)
            red = 0
        told = {**history.summary(about, merged), "red": red}
        if AIRFLOW_3_0:
            self._leave(dag_run.run_id, told)
        return told

    def _leave(self, run: str, told: dict[str, Any]) -> None:
        from mwaa_dbt import archive

        try:
            archive.tell(self.dag_id, run, self.task_id, told)
        except Exception as error:
            log.warning("Slack will not hear of this run's nodes: %s", error)

    def _about(self, dag_run: Any, store: Store) -> About:
        from mwaa_dbt.history import About

        begun = dag_run.start_date or datetime.now(UTC)
        seconds = (datetime.now(UTC) - begun).total_seconds()
        revision = _revision(store, self.release)
        return About(self.dag_id, dag_run.run_id, self.group, self.project, self.release, revision, begun, seconds)


def _revision(store: Store, release: str) -> str | None:
    content, _ = store.get(f"releases/{release}/release.json")
    git = json.loads(content).get("git") if content else None
    return (git or {}).get("revision")
