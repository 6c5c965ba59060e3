"""Schedules: what a cron expression means for data intervals, and DAGs that have no logical date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jinja2 import nodes

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.jinja import templates
from scripts.migrate.check.rules.context import CONTEXTS
from scripts.migrate.check.source import Function, Move, Source, argument, text_of

CRON = Rule("cron-interval", "changes", "a date of the data interval in a DAG with a cron schedule")
DATED = Rule("no-logical-date", "breaks", "a date of the run in a DAG that assets or datasets start")
SWITCH = "scheduler.create_cron_data_intervals"
CRONS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@quarterly", "@yearly", "@annually")
TIMED = re.compile(r"timedelta|relativedelta|(Cron|Delta)\w+Timetable")
FIELDS = re.compile(r"\s*(\S+\s+){4}\S+(\s+\S+)?\s*")
INTERVAL = ("data_interval_start", "data_interval_end")
DATES = ("logical_date", "ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz")


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield the dates that a later Airflow fills in otherwise, or not at all."""
    if not move.crosses:
        return
    schedules = [schedule_of(source, call) for call in drawn(source)]
    if any(map(_is_cron, schedules)) and not move.on(SWITCH):
        for line, name in _dates(source):
            if name in INTERVAL:
                what = f"{name}: by a cron schedule the interval is empty, its start is its end"
            else:
                what = f"{name} is when the run is due, one period later than in Airflow 2"
            fix = f'set "{SWITCH}" = "True", or write schedule=CronDataIntervalTimetable(…)'
            yield source.finding(line, CRON, what, fix)
    if schedules and all(_is_assets(source, one) for one in schedules):
        for line, name in _dates(source):
            what = f"{name}: a run that an asset starts has no logical date, so the context has no {name}"
            yield source.finding(line, DATED, what, "write dag_run.run_after")


def drawn(source: Source) -> Iterator[ast.Call]:
    """Yield the calls that make a DAG."""
    for call, _ in source.calls:
        if source.dotted(call.func).split(".")[-1] in ("DAG", "dag") and (call.args or call.keywords):
            yield call


def schedule_of(source: Source, call: ast.Call) -> ast.expr | None:
    """Return the schedule of a DAG, by its new or old name; of a name, what it stands for."""
    schedule = argument(call, "schedule") or argument(call, "schedule_interval")
    if not isinstance(schedule, ast.Name):
        return schedule
    assigned = (node for node, _ in source.nodes if isinstance(node, ast.Assign))
    values = [one.value for one in assigned if schedule.id in (getattr(target, "id", "") for target in one.targets)]
    return values[-1] if values else schedule


def is_timed(source: Source, schedule: ast.expr | None) -> bool:
    """Whether a schedule is one of times, which may be missed."""
    if isinstance(schedule, ast.Call):
        return bool(TIMED.fullmatch(source.dotted(schedule.func).split(".")[-1]))
    return _is_cron(schedule)


def _is_cron(schedule: ast.expr | None) -> bool:
    text = text_of(schedule)
    return text is not None and (text in CRONS or bool(FIELDS.fullmatch(text)))


def _is_assets(source: Source, schedule: ast.expr | None) -> bool:
    if isinstance(schedule, ast.List | ast.Tuple):
        return bool(schedule.elts)
    return isinstance(schedule, ast.Call) and source.dotted(schedule.func).split(".")[-1] in ("Dataset", "Asset")


def _dates(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the line and name of each date that a task of the file asks for."""
    wanted = (*INTERVAL, *DATES)
    for template in templates(source):
        for name in template.names:
            if name.name in wanted and not _is_fallback(template.tree, name):
                yield template.line(name), name.name
    for node, _ in source.nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in CONTEXTS:
            if (key := text_of(node.slice)) in wanted:
                yield node.lineno, str(key)
        elif isinstance(node, Function.__value__) and _is_task(source, node):
            for one in (*node.args.args, *node.args.kwonlyargs):
                if one.arg in wanted:
                    yield one.lineno, one.arg


def _is_fallback(tree: nodes.Template, name: nodes.Name) -> bool:
    """Whether a template asks first if there is such a date."""
    return any(test.node is name or name in test.node.find_all(nodes.Name) for test in tree.find_all(nodes.Test))


def _is_task(source: Source, function: ast.AST) -> bool:
    decorators = getattr(function, "decorator_list", [])
    names = [source.dotted(one.func if isinstance(one, ast.Call) else one) for one in decorators]
    return any(re.match(r"airflow\.(decorators|sdk)\.task\b", name) for name in names)
