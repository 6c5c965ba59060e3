"""XCom: pulls that no longer search all tasks, and results that have no `.output`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jinja2 import nodes

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.jinja import templates
from scripts.migrate.check.source import Move, Source, argument

PULL = Rule("xcom-pull", "changes", "xcom_pull without task_ids, which looks at the task's own only")
OUTPUT = Rule("xcom-output", "breaks", "`.output` of what a @task function returns")
WHAT = "xcom_pull without task_ids finds what this task itself has pushed, not what others have"
FIX = "name the task: task_ids="


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield pulls and results that mean something else."""
    if not move.crosses:
        return
    for call, _ in source.calls:
        named = isinstance(call.func, ast.Attribute) and call.func.attr == "xcom_pull"
        tasks = call.args[0] if call.args else argument(call, "task_ids")
        # **given may hold them.
        open_ended = any(one.arg is None for one in call.keywords)
        if named and not open_ended and (tasks is None or _is_none(tasks)):
            yield source.finding(call, PULL, WHAT, FIX)
    for template in templates(source):
        for asked in template.tree.find_all(nodes.Call):
            named = isinstance(asked.node, nodes.Getattr) and asked.node.attr == "xcom_pull"
            if named and not asked.args and not any(one.key == "task_ids" for one in asked.kwargs):
                yield source.finding(template.line(asked), PULL, WHAT, FIX)
    yield from _outputs(source)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _outputs(source: Source) -> Iterator[Finding]:
    tasks = {node.name for node, _ in source.nodes if isinstance(node, ast.FunctionDef) and _is_task(source, node)}
    results = {
        target.id
        for node, _ in source.nodes
        if isinstance(node, ast.Assign) and _calls(node.value, tasks)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node, owner in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "output" and owner is None:
            held = isinstance(node.value, ast.Name) and node.value.id in results
            if held or _calls(node.value, tasks):
                what = "the result of a @task function is an XComArg already: it has no .output"
                yield source.finding(node, OUTPUT, what, "leave .output out")


def _calls(node: ast.expr, tasks: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in tasks


def _is_task(source: Source, function: ast.FunctionDef) -> bool:
    names = [source.dotted(one.func if isinstance(one, ast.Call) else one) for one in function.decorator_list]
    return any(name in ("airflow.decorators.task", "airflow.sdk.task") for name in names)
