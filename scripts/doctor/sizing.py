"""What speaks against the sizing of an environment; its values are told by scripts/doctor/values.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import AUTOSCALE
from mwaa_dbt.sizing import CLASSES, SECONDS, STATEMENTS, Class, Size, derive, looks, needed, slots_of
from scripts.doctor.case import Build, Case
from scripts.doctor.finding import Finding, skipped

LOST = 300  # seconds until Airflow gives up a lost worker: scheduler.task_instance_heartbeat_timeout
LONG = 10  # minutes of one worker's time that a run's tasks may take without a word
QUOTA = 25  # workers of an environment, unless AWS has raised it
SCHEDULERS = range(2, 6)  # that MWAA takes, but on micro


def _class(case: Case) -> Iterator[Finding]:
    if case.environment.size:
        return
    if case.rehearsal:
        yield Finding("ok", "the rehearsal has this machine's size: it takes what settings.toml says")
    else:
        what = "no MWAA environment is named, so nothing is derived from its class, and little can be checked"
        yield Finding("warning", what, f"add [environments.{case.name}.mwaa] with name and environment_class")


def _containers(case: Case) -> Iterator[Finding]:
    mwaa, size = case.environment.mwaa, case.environment.size
    if mwaa is None or size is None:
        return
    least, most = mwaa.min_workers or 0, mwaa.max_workers or 0
    told = f"min_workers = {least}, max_workers = {most}, schedulers = {mwaa.schedulers}"
    place = f"[environments.{case.name}.mwaa]"
    if size.kind.hybrid and {least, most, mwaa.schedulers} != {1}:
        yield Finding(
            "error", f"{size.name} has one worker and one scheduler, not {told}", f"leave them out of {place}"
        )
    elif not size.kind.hybrid and mwaa.schedulers not in SCHEDULERS:
        yield Finding("error", f"MWAA takes 2 to 5 schedulers, not {mwaa.schedulers}", f"mend schedulers in {place}")
    elif not 1 <= least <= most:
        yield Finding("error", f"no number of workers fits {told}", f"mend min_workers and max_workers in {place}")
    elif most > QUOTA:
        what = f"{most} workers are more than the {QUOTA} that AWS allows at first"
        yield Finding("warning", what, "ask for a higher quota, or lower max_workers")
    else:
        yield Finding("ok", f"{size.name}: {least} to {most} workers, {mwaa.schedulers} schedulers")


def _memory(case: Case) -> Iterator[Finding]:
    size, given = case.environment.size, case.environment.airflow.get(AUTOSCALE)
    if given is not None and slots_of(given) is None:
        what = f"{AUTOSCALE} = {given!r} is not the most and the least number of tasks"
        yield Finding("error", what, f'write them as "5,0" in [environments.{case.name}.airflow]')
    if size is None or (given is not None and slots_of(given) is None):
        return
    fit = derive(Size(size.name, size.execution, size.max_workers, size.schedulers))[f"airflow.{AUTOSCALE}"].value
    slots = size.slots or slots_of(str(fit)) or 1
    share = f"{needed(size, slots) / 1024:.1f} GB of a worker's {size.kind.memory // 1024} GB"
    if needed(size, slots) <= size.kind.memory:
        yield Finding("ok", f"{slots} slots need about {share}")
    else:
        what = f"{slots} slots in mode {size.execution!r} need about {share}: dbt may be killed (exit code -9)"
        yield Finding("warning", what, f'write "{AUTOSCALE}" = "{fit}", or take a larger class')


def _threads(case: Case) -> Iterator[Finding]:
    threads = case.environment.snowflake.threads
    if threads < 1:
        yield Finding("error", f"dbt cannot run with {threads} threads", "mend threads")
    elif threads > STATEMENTS:
        what = (
            f"{threads} dbt threads: a Snowflake warehouse runs {STATEMENTS} statements at once and queues the others"
        )
        yield Finding("warning", what, f"threads = {STATEMENTS}, unless the warehouse has clusters or another level")
    else:
        yield Finding(
            "ok", f"{threads} dbt threads: no more than the statements that a Snowflake warehouse runs at once"
        )


def _poll(case: Case) -> Iterator[Finding]:
    poll, size = case.environment.tasks.poll, case.environment.size
    if poll < 1:
        yield Finding("error", f"poll = {poll}: watching tasks would never rest", "mend poll")
    elif size and size.triggers:
        rate = size.triggers / poll
        what = f"{size.triggers} triggers, each looking every {poll} s, are {rate:.0f} calls a second at the API"
        least = math.ceil(size.triggers / looks(size))
        fix = f"poll = {least}, or leave it out"
        yield Finding("warning", f"{what}; it answers {looks(size)}", fix) if poll < least else Finding("ok", what)


def _retries(case: Case) -> Iterator[Finding]:
    tasks = case.environment.tasks
    if case.environment.size and tasks.retries and tasks.retry_delay < LOST and not case.rehearsal:
        what = f"a retry comes after {tasks.retry_delay} s; a lost worker is noticed after {LOST} s"
        yield Finding("warning", what, f"retry_delay = {LOST}, as MWAA advises")


def _parallelism(case: Case) -> Iterator[Finding]:
    parallel, size = case.environment.airflow.get("core.parallelism", ""), case.environment.size
    if size and parallel.isdecimal() and int(parallel) * size.schedulers < _most(size):
        what = (
            f"core.parallelism = {parallel} with {size.schedulers} schedulers leaves some of {_most(size)} slots idle"
        )
        yield Finding("warning", what, "leave it out: MWAA computes it")


def _most(size: Size) -> int:
    return int(derive(size)["airflow.core.max_active_tasks_per_dag"].value)


def _dags(case: Case) -> Iterator[Finding]:
    size, build = case.environment.size, case.build
    if size is None:
        return
    if isinstance(build, ProjectError):
        yield skipped("DAGs were not looked at: there is no whole build")
        return
    count = len(build.dags)
    what = f"release {build.release} has {count} DAGs; {size.name} is for {size.kind.dags} (MWAA's advice)"
    fix = _or_class("give some an environment of their own", lambda kind: kind.dags >= count)
    yield Finding("warning", what, fix) if count > size.kind.dags else Finding("ok", what)
    yield from _work(case, size, build)
    if size.execution == "watcher" and size.triggers:
        yield from _width(size, size.triggers, build)


def _work(case: Case, size: Size, build: Build) -> Iterator[Finding]:
    workers = (case.environment.mwaa.min_workers if case.environment.mwaa else None) or 1

    def minutes(tasks: int, kind: Class) -> float:
        return tasks * SECONDS[size.execution] / kind.cpus / workers / 60

    def told(dag: Mapping[str, Any]) -> str:
        own = f"{minutes(dag['tasks'], size.kind):.1f} minutes of work for min_workers = {workers}"
        return f"DAG {dag['dag']}: {dag['tasks']} tasks are about {own} of {size.name}"

    long = [dag for dag in build.dags if minutes(dag["tasks"], size.kind) > LONG]
    for dag in long:
        fewer = "fewer tasks (`tests` of dbt_group), more min_workers"
        yield Finding("warning", told(dag), _or_class(fewer, partial(_enough, minutes, dag["tasks"])))
    if not long:
        yield Finding("ok", told(max(build.dags, key=lambda dag: int(dag["tasks"]))))


def _enough(minutes: Callable[[int, Class], float], tasks: int, kind: Class) -> bool:
    return minutes(tasks, kind) <= LONG


def _width(size: Size, triggers: int, build: Build) -> Iterator[Finding]:
    project, width = max(build.widths.items(), key=lambda item: item[1], default=("", 0))
    what = f"up to {width} nodes of {project} wait for dbt at once, with {triggers} triggers"
    if width <= triggers:
        yield Finding("ok", what)
    else:
        fix = _or_class("more schedulers", lambda kind: (kind.triggers or 0) * size.schedulers >= width)
        yield Finding("warning", f"{what}: the state of the others comes late, dbt itself is not held up", fix)


def _or_class(text: str, enough: Callable[[Class], bool]) -> str:
    """Return a remedy, and the smallest class that is another."""
    name = next((name for name, kind in CLASSES.items() if enough(kind)), None)
    return f"{text}, or take {name}" if name else text


CHECKS = (_class, _containers, _memory, _threads, _poll, _retries, _parallelism, _dags)
