"""Airflow's database, which tasks, callbacks and DAG files of Airflow 3 no longer reach."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Function, Move, Source, text_of

DATABASE = Rule("database", "breaks", "Airflow's database, asked by a task, a callback or a DAG file")
FIX = "use the context, airflow.sdk's Variable and Connection, or Airflow's REST API"
SESSIONS = re.compile(
    r"airflow\.(settings\.(Session|engine|NonScopedSession|AsyncSession|SQL_ALCHEMY_CONN)"
    r"|utils\.(session|db)\.(create_session|provide_session)(_async)?"
    r"|api\.common\..*|api\.client\..*)"
)
MODELS = re.compile(
    r"DagRun|TaskInstance|DagModel|DagBag|XCom|Pool|Log|SlaMiss|TaskReschedule|TaskFail|Trigger|DagTag|ImportError"
    r"|RenderedTaskInstanceFields|DatasetModel|DatasetEvent|SerializedDagModel|ParseImportError|Job|BaseJob|Variable"
    r"|Connection"
)
# Of classes, what reads or writes rows; DagBag, Variable and Connection have other ways.
ROWS = re.compile(
    r"find|find_duplicates|get_latest_runs|get_run|get_dagmodel|get_current|get_one|get_many|get_all|query|get_pools"
    r"|get_pool|create_or_update_pool|delete_pool|slots_stats|get_paused_dag_ids|is_paused"
)
FREE = ("Variable", "Connection", "DagBag")
CONNECTION = re.compile(r"AIRFLOW__(CORE|DATABASE)__SQL_ALCHEMY_CONN(_CMD|_SECRET)?")


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield what opens Airflow's database; a plugin's own pages still may."""
    if not move.crosses or _is_plugin(source):
        return
    for node, _ in source.nodes:
        if isinstance(node, Function.__value__):
            for one in node.decorator_list:
                if SESSIONS.fullmatch(name := source.dotted(one)):
                    yield source.finding(one, DATABASE, f"@{name.split('.')[-1]} opens Airflow's database", FIX)
        elif isinstance(node, ast.Call) and (what := _call(source, node)):
            yield source.finding(node, DATABASE, what, FIX)
        elif isinstance(node, ast.Attribute) and _attribute(source, node):
            yield source.finding(node, DATABASE, f"{source.dotted(node)} is a way into Airflow's database", FIX)
        elif (text := text_of(node)) and CONNECTION.fullmatch(text):
            yield source.finding(node, DATABASE, f"{text} is none in a task: its database cannot be reached", FIX)


def _is_plugin(source: Source) -> bool:
    bases = (base for node, _ in source.nodes if isinstance(node, ast.ClassDef) for base in node.bases)
    return any(source.dotted(base).endswith("AirflowPlugin") for base in bases)


def _call(source: Source, call: ast.Call) -> str:
    name = source.dotted(call.func)
    if SESSIONS.fullmatch(name):
        return f"{name.removeprefix('airflow.')} opens Airflow's database"
    *_, owner, method = ("", "", *name.split("."))
    if name.startswith("airflow.models.") and MODELS.fullmatch(owner) and owner not in FREE and ROWS.fullmatch(method):
        return f"{owner}.{method} reads Airflow's database"
    asked = isinstance(call.func, ast.Attribute) and call.func.attr in ("query", "scalars", "scalar", "get")
    if (asked or method in ("select", "delete", "update", "insert")) and (model := _model(source, call)):
        return f"a query of {model} reads Airflow's database"
    if name.endswith("conf.get") and [text_of(one) for one in call.args[1:2]] == ["sql_alchemy_conn"]:
        return "sql_alchemy_conn is none in a task"
    return ""


def _model(source: Source, call: ast.Call) -> str:
    for one in call.args:
        name = source.dotted(one)
        parts = name.split(".")
        if name.startswith("airflow.models.") and (
            found := next((part for part in parts if MODELS.fullmatch(part)), "")
        ):
            return found
    return ""


def _attribute(source: Source, node: ast.Attribute) -> bool:
    return source.dotted(node) in ("airflow.settings.engine", "airflow.settings.SQL_ALCHEMY_CONN")
