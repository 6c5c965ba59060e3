"""Render dbt groups in whole, task by task and by Cosmos itself, and tell what differs, in Airflow's Python.

Each line that comes in is JSON: what to `ask`, and the arguments of a dbt_group; the answer is a line of
JSON, to the file descriptor that it is called with.
"""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

from cosmos import DbtTaskGroup, ExecutionConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, LoadMode, TestBehavior
from cosmos.dataset import construct_dataset_uri, get_dataset_namespace

from mwaa_dbt import asset, dbt_group
from mwaa_dbt.airflow_sdk import DAG, Asset, BaseOperator, TaskGroup
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.nodes import read_project
from mwaa_dbt.profile import profile_config
from mwaa_dbt.project import open_project
from mwaa_dbt.settings import runtime
from mwaa_dbt.sliced import REST

# The task's neighbours are not made with it, nor what is shown of it; the record of the constructor's arguments is
# Airflow's own.
OTHERS = {"upstream_task_ids", "downstream_task_ids", "doc_md", "_BaseOperator__init_kwargs"}
START = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = "_AIRFLOW_PARSING_CONTEXT_DAG_ID", "_AIRFLOW_PARSING_CONTEXT_TASK_ID"


def plain(value: Any) -> Any:
    """Return a value in a form that can be compared, wherever in memory it is."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, DAG | TaskGroup):
        return f"group {value.group_id}" if isinstance(value, TaskGroup) else f"DAG {value.dag_id}"
    if callable(value):
        parts = (getattr(value, name, None) for name in ("func", "args", "keywords"))
        return [getattr(value, "__qualname__", ""), *map(plain_part, parts)]
    return [type(value).__name__, plain(vars(value))] if hasattr(value, "__dict__") else repr(value)


def plain_part(value: Any) -> Any:
    """Return a part of a partial function; none if the function is no partial one."""
    return None if value is None else plain(value)


def fields(task: BaseOperator) -> dict[str, Any]:
    """Return all that a task is, but its neighbours."""
    own = {name: plain(value) for name, value in vars(task).items() if name not in OTHERS}
    return {**own, "class": f"{type(task).__module__}.{type(task).__qualname__}", "label": task.label}


def make(arguments: dict[str, Any], task: str = "") -> DAG:
    """Return a DAG of one group, as the process of a task has it."""
    names = dict(zip(CONTEXT, ("zoo", task), strict=True)) if task else {}
    os.environ.update(names)
    try:
        with DAG("zoo", schedule=None, start_date=START, default_args={"owner": "us"}) as dag:
            dbt_group(**arguments)
    finally:
        for name in names:
            del os.environ[name]
    return dag


def compare(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the tasks of the whole DAG, how many each slice has, and how the tasks of both differ."""
    whole = make(arguments)
    sizes, differing = {}, {}
    for name, task in whole.task_dict.items():
        part = {one: found for one, found in make(arguments, name).task_dict.items() if not one.endswith(REST)}
        sizes[name] = len(part)
        if found := differences(fields(task), fields(part[name])) if name in part else ["missing"]:
            differing[name] = found
    return {"sizes": sizes, "differing": differing}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return the names of the fields that differ, with their values."""
    names = sorted({*one, *other})
    return [f"{name}: {one.get(name)} / {other.get(name)}" for name in names if one.get(name) != other.get(name)]


def change(arguments: dict[str, Any]) -> dict[str, Any]:
    """Change all of one task that can be changed, for each task; return what that did to others."""
    tasks, reached = make(arguments).tasks, {}
    for task in tasks:
        before = {one.task_id: fields(one) for one in tasks if one is not task}
        task.retries = 99
        task.params["changed"] = task.task_id
        for value in vars(task).values():
            if type(value) is list:
                value.append(f"changed {task.task_id}")
            elif type(value) is dict:
                value["changed"] = task.task_id
        after = {one.task_id: fields(one) for one in tasks if one is not task}
        if found := [name for name, own in before.items() if own != after[name]]:
            reached[task.task_id] = found
    return {"tasks": len(tasks), "reached": reached}


def stock(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the tasks of nodes as Cosmos makes them, and as ours are."""
    release = open_project(arguments["project"])
    with DAG("zoo", schedule=None, start_date=START) as dag:
        DbtTaskGroup(
            group_id=release.name,
            project_config=ProjectConfig(manifest_path=release.manifest, dbt_project_path=release.folder),
            profile_config=profile_config(release.name, runtime()),
            execution_config=ExecutionConfig(execution_mode=ExecutionMode.LOCAL),
            render_config=RenderConfig(
                load_method=LoadMode.DBT_MANIFEST,
                test_behavior=TestBehavior.AFTER_EACH,
                exclude=arguments.get("exclude", []),
            ),
        )
    return {"cosmos": graph(dag), "ours": graph(make({**arguments, "tests": "after_each", "execution": "local"}))}


def graph(dag: DAG) -> dict[str, Any]:
    """Return for each node, and each node's tests, what dbt is asked for and the nodes before it."""
    names = {task.task_id: name for task in dag.tasks if (name := node(task))}
    return {
        name: [getattr(dag.task_dict[task], "select", None), sorted(map(str, map(names.get, before(dag, task, names))))]
        for task, name in names.items()
    }


def node(task: BaseOperator) -> str:
    """Return the node that a task is for, with a mark if it is for its tests."""
    config = getattr(task, "extra_context", {}).get("dbt_node_config", {})
    name = str(config.get("unique_id", ""))
    return f"{name} tests" if name and "Test" in type(task).__name__ else name


def before(dag: DAG, task: str, names: dict[str, str]) -> set[str]:
    """Return the nearest tasks of nodes before a task; one that does nothing is none."""
    found = set[str]()
    for one in dag.task_dict[task].upstream_task_ids:
        found |= {one} if one in names else before(dag, one, names)
    return found


def told(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the assets that each task tells of, and by node what Cosmos calls them."""
    release = open_project(arguments["project"])
    namespace = get_dataset_namespace(profile_config(release.name, runtime()))
    relations = read_project(release.folder).relations
    tasks = make(arguments).tasks
    return {
        "told": {task.task_id: [one.uri for one in task.outlets] for task in tasks if task.outlets},
        "cosmos": {name: construct_dataset_uri(str(namespace), table) for name, table in relations.items()},
    }


def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the asset of a node, or what is wrong with its name."""
    try:
        made = asset(arguments["project"], arguments["node"])
        return {"uri": made.uri, "airflows": made == Asset(uri=made.uri)}
    except ProjectError as error:
        return {"error": str(error)}


ASKED = {"slices": compare, "changes": change, "stock": stock, "told": told, "find": find}

if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), "w") as answers:
        for line in sys.stdin:
            question = json.loads(line)
            print(json.dumps(ASKED[question.pop("ask")](question)), file=answers, flush=True)
