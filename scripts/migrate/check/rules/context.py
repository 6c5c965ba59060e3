"""What the context of a task no longer has: its keys, and the attributes of what it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jinja2 import nodes

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.jinja import templates
from scripts.migrate.check.source import Move, Source, argument

KEY = Rule("context-key", "breaks", "a key that the context of a task no longer has")
ATTRIBUTE = Rule("context-attribute", "breaks", "what a task instance, run or DAG in a task no longer can")
# airflow.sdk.Context of 3.3.1 against airflow.utils.context of 2.11.2.
REMOVED = {
    "conf": "airflow.configuration.conf in Python; in a template there is nothing of it",
    "execution_date": "logical_date",
    "next_execution_date": "data_interval_end",
    "next_ds": "data_interval_end | ds",
    "next_ds_nodash": "data_interval_end | ds_nodash",
    "prev_execution_date": "logical_date minus the period of the schedule",
    "prev_execution_date_success": "prev_data_interval_start_success",
    "prev_ds": "macros.ds_add(ds, -1), if the DAG is daily",
    "prev_ds_nodash": "macros.ds_add(ds, -1) without dashes, if the DAG is daily",
    "tomorrow_ds": "macros.ds_add(ds, 1)",
    "tomorrow_ds_nodash": "macros.ds_add(ds, 1) | replace('-', '')",
    "yesterday_ds": "macros.ds_add(ds, -1)",
    "yesterday_ds_nodash": "macros.ds_add(ds, -1) | replace('-', '')",
    "triggering_dataset_events": "triggering_asset_events",
}
# A task in Airflow 3 holds what the API sent it, no rows of the database (RuntimeTaskInstance, DagRun of 3.3.1).
TI = (
    "execution_date generate_command command_as_list current_state error refresh_from_db refresh_from_task"
    " clear_xcom_data are_dependents_done"
    " previous_ti previous_ti_success previous_start_date_success get_previous_execution_date"
    " get_previous_start_date get_dagrun get_failed_dep_statuses check_and_change_state_before_execution"
    " handle_failure set_state queued_dttm job_id set_duration get_num_running_task_instances xcom_clear dag_run"
)
RUN = (
    "execution_date external_trigger get_task_instance get_task_instances get_previous_dagrun"
    " get_previous_scheduled_dagrun get_state set_state dag is_backfill queued_at creating_job_id dag_hash"
    " refresh_from_db update_state verify_integrity get_dag generate_run_id dag_id_run_id task_instances"
)
DAG = (
    "following_schedule previous_schedule normalize_schedule normalized_schedule_interval schedule_interval concurrency"
    " get_dagrun get_run_dates get_active_runs get_num_active_runs get_last_dagrun latest_execution_date"
    " get_latest_execution_date clear create_dagrun get_is_paused is_paused get_concurrency_reached concurrency_reached"
    " get_task_instances get_dagruns_between set_task_instance_state next_dagrun_info iter_dagrun_infos_between"
    " default_view orientation is_subdag parent_dag subdags filepath pickle_id get_next_data_interval"
    " infer_automated_data_interval"
)
GONE = {"ti": TI.split(), "task_instance": TI.split(), "dag_run": RUN.split(), "dag": DAG.split()}
RENAMED = {"execution_date": "logical_date", "concurrency": "max_active_tasks", "schedule_interval": "schedule"}
ELSE = "ask Airflow's REST API, or keep what is needed in an XCom"
CONTEXTS = ("context", "kwargs", "ctx", "kw", "ti_context", "task_context")


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield what a task or template asks its context for in vain."""
    if not move.crosses:
        return
    yield from _templates(source)
    for node, owner in source.nodes:
        if isinstance(node, ast.Subscript | ast.Call) and (key := _key(node)) in REMOVED:
            yield source.finding(node, KEY, _lost(key), f"write {REMOVED[key]}")
        elif isinstance(node, ast.Attribute) and _is_task(owner) and node.attr in GONE.get(_held(node.value), ()):
            yield _gone(source, node, _held(node.value), node.attr)
    yield from _parameters(source)


def _is_task(owner: ast.AST | None) -> bool:
    """Whether a function may be a task's or a callback's: a listener gets rows of the database."""
    decorators = [ast.unparse(one) for one in getattr(owner, "decorator_list", [])]
    return owner is not None and not any(one.endswith("hookimpl") for one in decorators)


def _lost(key: str) -> str:
    return f"the context has no {key}"


def _templates(source: Source) -> Iterator[Finding]:
    for template in templates(source):
        for name in template.names:
            if name.name in REMOVED:
                what = f"{_lost(name.name)}: the template ends with an undefined name, or is empty there"
                yield source.finding(template.line(name), KEY, what, f"write {REMOVED[name.name]}")
        for part in template.tree.find_all(nodes.Getattr):
            held = part.node.name if isinstance(part.node, nodes.Name) else ""
            if part.attr in GONE.get(held, ()):
                yield _gone(source, template.line(part), held, part.attr)


def _gone(source: Source, place: ast.AST | int, held: str, name: str) -> Finding:
    fix = f"write {held}.{RENAMED[name]}" if name in RENAMED else ELSE
    return source.finding(place, ATTRIBUTE, f"{held}.{name}: a task's {held} has none", fix)


def _key(node: ast.Subscript | ast.Call) -> str:
    """Return the key that is asked of a context, by brackets or get."""
    if isinstance(node, ast.Subscript):
        holder, key = node.value, node.slice
    elif isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop") and node.args:
        holder, key = node.func.value, node.args[0]
    else:
        return ""
    known = isinstance(holder, ast.Name) and holder.id in CONTEXTS
    if isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name):
        known = holder.func.id == "get_current_context"
    return key.value if known and isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _held(node: ast.expr) -> str:
    """Return which of the context's objects this is."""
    if isinstance(node, ast.Name):
        return node.id if node.id in ("ti", "task_instance", "dag_run") else ""
    return _key(node) if isinstance(node, ast.Subscript | ast.Call) else ""


def _parameters(source: Source) -> Iterator[Finding]:
    """Yield removed keys that a task's function takes by name; those of @task are ruff's."""
    called = {
        one.id
        for call, _ in source.calls
        for name in ("python_callable", "on_failure_callback", "on_success_callback", "on_retry_callback")
        if isinstance(one := argument(call, name), ast.Name)
    }
    for node, _ in source.nodes:
        if isinstance(node, ast.FunctionDef) and node.name in called:
            for given in (*node.args.args, *node.args.kwonlyargs):
                if given.arg in REMOVED:
                    fix = f"take {REMOVED[given.arg].split(' | ')[0]}"
                    yield source.finding(given, KEY, _lost(given.arg), fix)
