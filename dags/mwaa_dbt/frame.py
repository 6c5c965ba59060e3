"""What stands around the nodes of a dbt group: hooks and source freshness before them, hooks and history after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import BaseOperator, TriggerRule, chain
from cosmos import DbtTaskGroup
from cosmos.operators.local import DbtSourceLocalOperator

from mwaa_dbt.finish import FinishOperator
from mwaa_dbt.hooks import HooksOperator, has_hooks
from mwaa_dbt.project import Unpacked
from mwaa_dbt.results import started

FRESHNESS = "dbt_freshness"


def start_hooks(release: Unpacked, arguments: dict[str, Any]) -> list[BaseOperator]:
    """Return the task of a project's on-run-start hooks, if it has any; `arguments` are those of any hook."""
    return [HooksOperator(kind="start", **arguments)] if has_hooks(release.folder, "start") else []


def freshness_check(group: DbtTaskGroup, arguments: dict[str, Any]) -> list[BaseOperator]:
    """Return the task that fails if a source is too old which the group reads; `arguments` are those of any task."""
    sources = " ".join(sorted(_selector(node) for node in _sources(group)))
    return [DbtSourceLocalOperator(task_id=FRESHNESS, **{**arguments, "select": sources})] if sources else []


def _sources(group: DbtTaskGroup) -> set[str]:
    read = {parent for node in group.dbt_graph.filtered_nodes.values() for parent in node.depends_on}
    return {name for name in read if name.startswith("source.")}


def _selector(unique_id: str) -> str:
    # source.<package>.<source>.<table>
    return "source:" + unique_id.split(".", 1)[1]


def close(group: DbtTaskGroup, release: Unpacked, leaves: list[BaseOperator], arguments: dict[str, Any]) -> None:
    """Add the tasks that come after all nodes, whatever has failed.

    They are teardowns, which do not count when Airflow judges a run: a last task that always succeeds would turn every
    failed run green, as would a teardown that may fail the run (on_failure_fail_dagrun), for it counts instead of the
    nodes before it. A failed hook counts by a task of its own behind it.

    Args:
        group: the current task group.
        release: the project.
        leaves: the last nodes.
        arguments: those of any hook.
    """
    finish = FinishOperator(project=release.name, release=release.release, group=str(group.group_id), retries=0)
    if not has_hooks(release.folder, "end"):
        chain(leaves, finish.as_teardown())
        return
    hooks = HooksOperator(kind="end", results=_results(str(group.group_id)), **arguments).as_teardown()
    chain(leaves, hooks, finish.as_teardown())
    hooks >> EmptyOperator(task_id=f"{hooks.label}_done", trigger_rule=TriggerRule.NONE_FAILED)


def _results(group: str) -> Callable[[Any], list[dict[str, Any]]]:
    def read(context: Any) -> list[dict[str, Any]]:
        from mwaa_dbt import archive

        ti = context["ti"]
        invocations = archive.read(ti.dag_id, ti.run_id, group, archive.RAW)
        # Of several with one node the last begun counts; what dbt skipped, it never began.
        return sorted((result for one in invocations for result in one["results"]), key=started)

    return read
