"""dbt projects as Airflow task groups, through Cosmos."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from airflow.exceptions import DuplicateTaskIdFound
from airflow.sdk import BaseOperator, Param, TriggerRule, chain
from cosmos import DbtTaskGroup, ExecutionConfig, ProjectConfig, RenderConfig
from cosmos.constants import (
    PRODUCER_WATCHER_TASK_ID,
    DbtResourceType,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    TestBehavior,
    TestIndirectSelection,
)
from cosmos.dbt.graph import DbtNode
from cosmos.operators.local import DbtTestLocalOperator

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.frame import FRESHNESS, close, freshness_check, start_hooks
from mwaa_dbt.profile import profile_config
from mwaa_dbt.project import Unpacked, open_project
from mwaa_dbt.select import SelectOperator
from mwaa_dbt.settings import dbt_executable, runtime
from mwaa_dbt.watch import mend

OTHER_TESTS = "dbt_other_tests"
FULL_REFRESH = "{{ params.full_refresh }}"
Tests = Literal["after_each", "after_all", "none"]
Execution = Literal["watcher", "local"]

PARAMS = {
    "full_refresh": Param(False, type="boolean", description="Rebuild incremental models and seeds from nothing."),
    # Nullable, or the form would demand a text.
    "select": Param(
        None, type=["null", "string"], description="Only these nodes, in dbt's syntax: stg_orders+ tag:finance"
    ),
    "vars": Param({}, type="object", description="dbt vars of this run, as JSON."),
}


# More parameters than a function of this house may take: they are the vocabulary of DAG files.
def dbt_group(
    project: str,
    *,
    select: list[str] | None = None,
    exclude: list[str] | None = None,
    tests: Tests = "after_each",
    execution: Execution = "watcher",
    freshness: bool = False,
    group_id: str | None = None,
) -> DbtTaskGroup:
    """Render a dbt project, or a selection of it, as a task group of the current DAG.

    One task per model, seed and snapshot. The DAG gets the trigger-form params `full_refresh`, `select` and
    `vars`. Models retry as the DAG's default_args say, else settings.toml; tests never do.

    Args:
        project: the name of a folder in dbt/.
        select: nodes to render, in dbt's selection syntax; all if absent.
        exclude: nodes to leave out.
        tests: after each model (its failure holds back what depends on it), after all models, or none.
        execution: "watcher" runs one `dbt build` and a watching task per node; "local" runs dbt per node.
        freshness: ask first how old the sources are; one past its `error_after` holds back all nodes.
        group_id: the group's name; the project's if absent. Two groups of one project in a DAG need one.

    Raises:
        ProjectError: if the project is not in the release, the selection names no node, or the name is taken.
    """
    release, wish = open_project(project), Wish(select, exclude, tests, execution, freshness)
    group = _rendered(group_id or project, release, wish)
    nodes = _nodes(group)
    if not nodes:
        raise _nothing(project, wish)
    _say_release(group, release)
    group.dag.params.update({name: param for name, param in PARAMS.items() if name not in group.dag.params})
    _complete(group, release, wish, nodes)
    return group


@dataclass(frozen=True)
class Wish:
    """What a DAG file asks of its dbt group."""

    select: list[str] | None
    exclude: list[str] | None
    tests: Tests
    execution: Execution
    freshness: bool


def _rendered(group_id: str, release: Unpacked, wish: Wish) -> DbtTaskGroup:
    project, arguments = release.name, _arguments(release)
    try:
        return DbtTaskGroup(
            group_id=group_id,
            project_config=ProjectConfig(manifest_path=release.manifest, project_name=project, install_dbt_deps=False),
            profile_config=arguments["profile_config"],
            execution_config=_execution(release, wish.execution),
            render_config=_render(wish),
            operator_args={"full_refresh": FULL_REFRESH, "vars": arguments["vars"]},
        )
    except DuplicateTaskIdFound as error:
        raise _taken(project, error) from None


def _complete(group: DbtTaskGroup, release: Unpacked, wish: Wish, nodes: dict[str, list[BaseOperator]]) -> None:
    """Add the tasks that Cosmos has none of, and give all of them their place and behaviour."""
    common = {**_arguments(release), **_as_cosmos(group), "exclude": " ".join(wish.exclude or []) or None}
    with group:
        nodes |= _unwatched_tests(group, nodes, common) if wish.tests == "after_each" else {}
        chooser = SelectOperator(group_select=wish.select, **common)
        hooks = {**common, "select": chooser.template, "full_refresh": FULL_REFRESH, "retries": 0}
        first: list[Any] = [chooser, *start_hooks(release, hooks)]
        first += freshness_check(group, common) if wish.freshness else []
        around = {task.task_id for task in first}
        within = {task.task_id: task for task in group.iter_tasks() if task.task_id not in around}
        chain(*first, [task for task in within.values() if not task.upstream_task_ids])
        close(group, release, [task for task in within.values() if not task.downstream_task_ids], hooks)
    chooser.tasks = {node: [task.task_id for task in tasks] for node, tasks in nodes.items()}
    for task in group.iter_tasks():
        mend(task, unit_tests=wish.tests == "after_each")
        if task.task_id in within or task.task_id.endswith(FRESHNESS):
            _configure(task, chooser)


def _arguments(release: Unpacked) -> dict[str, Any]:
    return {
        "profile_config": profile_config(release.name, runtime()),
        "project_dir": str(release.folder),
        "dbt_executable_path": dbt_executable(),
        "vars": "{{ params.vars | tojson }}",
    }


def _as_cosmos(group: DbtTaskGroup) -> dict[str, Any]:
    """Return what Cosmos tells the tasks that it makes itself; without the cache, dbt parses in full."""
    task = next(group.iter_tasks())
    return {
        "cache_dir": task.cache_dir,
        "manifest_filepath": task.manifest_filepath,
        "invocation_mode": InvocationMode.SUBPROCESS,
        "install_deps": False,
    }


def _execution(release: Unpacked, execution: Execution) -> ExecutionConfig:
    return ExecutionConfig(
        execution_mode=ExecutionMode(execution),
        dbt_project_path=release.folder,
        dbt_executable_path=dbt_executable(),
        invocation_mode=InvocationMode.SUBPROCESS,
        # A node's test task leaves a test alone that also needs what is built later.
        test_indirect_selection=TestIndirectSelection.BUILDABLE,
    )


def _render(wish: Wish) -> RenderConfig:
    return RenderConfig(
        load_method=LoadMode.DBT_MANIFEST,
        select=wish.select or [],
        exclude=wish.exclude or [],
        test_behavior=TestBehavior(wish.tests),
        emit_datasets=False,
        # A test of two models of which neither comes first must wait for both. The producer sees to that itself;
        # a watching task of such a test would never hear of it (Cosmos 1.15.1) and end green.
        should_detach_multiple_parents_tests=wish.execution == "local",
    )


def _say_release(group: DbtTaskGroup, release: Unpacked) -> None:
    # Each release then has a DAG version of its own: a finished run shows for ever which release it ran.
    line = f"Release `{release.release}`."
    docs = group.dag.doc_md or ""
    if line not in docs:
        group.dag.doc_md = f"{docs}\n\n{line}".strip()


def _nodes(group: DbtTaskGroup) -> dict[str, list[BaseOperator]]:
    nodes: dict[str, list[BaseOperator]] = defaultdict(list)
    for task in group.iter_tasks():
        node = getattr(task, "extra_context", {}).get("dbt_node_config", {}).get("unique_id")
        if node:
            nodes[node].append(task)
    return nodes


def _nothing(project: str, wish: Wish) -> ProjectError:
    return ProjectError(
        f"The selection of dbt_group({project!r}, select={wish.select}, exclude={wish.exclude}) names no node.",
        "the DAG file that calls it",
        f"try it with `dbt ls --project-dir dbt/{project} --select {' '.join(wish.select or [])}`",
    )


def _taken(project: str, error: Exception) -> ProjectError:
    return ProjectError(
        f"The name of dbt_group({project!r}) is taken: {error}.",
        "the DAG file that calls it",
        f"name it otherwise: dbt_group({project!r}, …, group_id='…')",
    )


def _unwatched_tests(
    group: DbtTaskGroup, nodes: dict[str, list[BaseOperator]], arguments: dict[str, Any]
) -> dict[str, list[BaseOperator]]:
    """Return the last task of a group, by the tests it runs: those of sources, and of no node at all.

    Cosmos has no task for them, so a failure would leave the run green.
    """
    graph = group.dbt_graph
    read = {parent for node in nodes for parent in graph.nodes[node].depends_on if parent not in nodes}
    whole = set(nodes) == {name for name, node in graph.nodes.items() if _is_built(node)}
    lonely = [
        node
        for node in graph.nodes.values()
        if node.resource_type == DbtResourceType.TEST
        and (read.intersection(node.depends_on) or (whole and not node.depends_on))
        and not set(node.depends_on).intersection(nodes)
    ]
    if not lonely:
        return {}
    names = " ".join(sorted(node.resource_name.split(".")[0] for node in lonely))
    task = DbtTestLocalOperator(task_id=OTHER_TESTS, select=names, **arguments)
    for leaf in [leaf for leaf in group.iter_tasks() if leaf is not task and not leaf.downstream_task_ids]:
        leaf >> task
    return {node.unique_id: [task] for node in lonely}


def _is_built(node: DbtNode) -> bool:
    return node.resource_type in (DbtResourceType.MODEL, DbtResourceType.SEED, DbtResourceType.SNAPSHOT)


def _configure(task: BaseOperator, chooser: SelectOperator) -> None:
    given, tasks = task.dag.default_args, runtime().environment.tasks
    # A node that the trigger form leaves out is skipped; what depends on it must still run.
    task.trigger_rule = TriggerRule.NONE_FAILED
    if task.task_id.endswith(PRODUCER_WATCHER_TASK_ID):
        # A producer that failed is skipped on its second try, and its models then run one by one on their
        # own retries; without that try the run could not turn green again (Cosmos 1.15.1, watcher.py).
        task.retries, task.retry_delay = 1, timedelta(0)
    elif getattr(task, "base_cmd", None) == ["test"]:
        task.retries = 0
    else:
        task.retries = given.get("retries", tasks.retries)
        task.retry_delay = given.get("retry_delay", timedelta(seconds=tasks.retry_delay))
    if hasattr(task, "poke_interval"):
        task.poke_interval = tasks.poll
    if _takes_selection(task):
        task.select = chooser.template


def _takes_selection(task: BaseOperator) -> bool:
    # The producer and the one test task after all models; every other task runs just its own nodes.
    own_node = getattr(task, "extra_context", {}).get("dbt_node_config")
    return hasattr(task, "select") and not own_node and not task.task_id.endswith((OTHER_TESTS, FRESHNESS))
