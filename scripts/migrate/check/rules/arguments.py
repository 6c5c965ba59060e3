"""Arguments that Airflow 3 takes no more, where ruff does not see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.source import Move, Source, argument, text_of

TRIGGER = Rule("trigger-rule", "breaks", "a trigger rule that is gone")
IGNORED = Rule("ignored-argument", "changes", "a default argument that nothing reads any more")
SKIPPED = Rule("success-callback", "changes", "on_success_callback of a task that skips itself")
RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}
DEFAULTS = {
    "sla": ("no SLA is watched", "leave it out; from 3.1 on a DAG may have a deadline (DeadlineAlert)"),
    "task_concurrency": ("as many instances run as there are", 'write "max_active_tis_per_dag"'),
    "schedule_interval": ("it never was read from there", "give the DAG its schedule"),
}


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield such arguments, of calls and in dictionaries of default arguments."""
    if not move.crosses:
        return
    for node, _ in source.nodes:
        pairs: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.Call):
            pairs = [(one.arg or "", one.value) for one in node.keywords]
        elif isinstance(node, ast.Dict):
            pairs = [(text_of(key) or "", value) for key, value in zip(node.keys, node.values, strict=True)]
        for name, value in pairs:
            if name == "trigger_rule" and (text := text_of(value)) in RULES:
                yield source.finding(
                    value, TRIGGER, f"there is no trigger rule {text!r}", f'write "{RULES[str(text)]}"'
                )
    yield from _defaults(source)
    yield from _callbacks(source)


def _defaults(source: Source) -> Iterator[Finding]:
    for given in _default_arguments(source):
        for key in given.keys:
            if key is not None and (name := text_of(key)) in DEFAULTS:
                why, fix = DEFAULTS[str(name)]
                yield source.finding(key, IGNORED, f"{name} in default_args: {why}", fix)


def _default_arguments(source: Source) -> Iterator[ast.Dict]:
    """Yield the dictionaries that are given as default_args, also by a name."""
    named = {"default_args"}
    for call, _ in source.calls:
        given = argument(call, "default_args")
        if isinstance(given, ast.Dict):
            yield given
        elif isinstance(given, ast.Name):
            named.add(given.id)
    for node, _ in source.nodes:
        names = [one.id for one in getattr(node, "targets", []) if isinstance(one, ast.Name)]
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and named.intersection(names):
            yield node.value


def _callbacks(source: Source) -> Iterator[Finding]:
    skips = any(name.endswith("exceptions.AirflowSkipException") for name in source.names.values())
    for call, _ in source.calls if skips else ():
        name = source.dotted(call.func).split(".")[-1]
        if name not in ("DAG", "dag") and (given := argument(call, "on_success_callback")):
            what = "on_success_callback is not called when the task ends as skipped"
            yield source.finding(given, SKIPPED, what, "give it as on_skipped_callback, too, if it should be")
