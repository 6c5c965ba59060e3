"""What stands around the nodes of a dbt group: hooks and source freshness before them, hooks and history after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk import BaseOperator
from cosmos import DbtTaskGroup
from cosmos.operators.local import DbtSourceLocalOperator

from mwaa_dbt.finish import FinishOperator
from mwaa_dbt.hooks import HooksOperator, has_hooks
from mwaa_dbt.project import Unpacked

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


def closers(group: DbtTaskGroup, release: Unpacked, arguments: dict[str, Any]) -> list[BaseOperator]:
    """Return the tasks that come after all nodes, whatever has failed, in their order; `arguments` are those of hooks.

    They are teardowns: a group's leaf that always succeeds would turn every failed run green.
    """
    group_id = str(group.group_id)
    tasks: list[BaseOperator] = []
    if has_hooks(release.folder, "end"):
        hooks = HooksOperator(kind="end", results=_results(group_id), **arguments)
        tasks.append(hooks.as_teardown(on_failure_fail_dagrun=True))
    finish = FinishOperator(project=release.name, release=release.release, group=group_id, retries=0)
    return [*tasks, finish.as_teardown()]


def _results(group: str) -> Callable[[Any], list[dict[str, Any]]]:
    def read(context: Any) -> list[dict[str, Any]]:
        from mwaa_dbt import archive

        ti = context["ti"]
        invocations = archive.read(ti.dag_id, ti.run_id, group, archive.RAW)
        invocations.sort(key=lambda one: str(one["metadata"]["generated_at"]))
        results = [result for one in invocations for result in one["results"]]
        # Of several with one node the last counts, and what dbt skipped says nothing of a try before or after.
        return sorted(results, key=lambda result: bool(result["status"] != "skipped"))

    return read
