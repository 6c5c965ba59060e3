"""One project of a CI run: its schema made, its nodes built, its schema dropped."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.states import FAILED
from scripts.ci_schema import Isolation
from scripts.console import err, step
from scripts.dbt import Dbt
from scripts.projects import DbtProject

CARRIED = ("state:new,config.materialized:incremental", "state:new,resource_type:snapshot")

type Results = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What became of one project: its schema, dbt's results by node id, and the error if there was one."""

    project: str
    schema: str
    results: Results
    error: Exception | None = None


@dataclass(frozen=True)
class Job:
    """One project to be built: `stored` is the state folder of production's manifest, if it has one."""

    dbt: Dbt
    project: DbtProject
    nodes: list[str]
    isolation: Isolation
    manifest: dict[str, Any]
    selection: Path
    stored: Path | None
    views: Mapping[str, str]
    keep: bool


def run(job: Job) -> Outcome:
    """Build one project's nodes in CI's schema; whatever happens, that is dropped, unless it is to be kept."""
    results: Results = {}
    error: Exception | None = None
    try:
        with _own_schema(job):
            _run(job, results)
    except (ProjectError, OSError) as failed:
        error = failed
    return Outcome(job.project.name, job.isolation.schema, results, error)


@contextmanager
def _own_schema(job: Job) -> Iterator[None]:
    try:
        with step(f"schema {job.isolation.schema}"):
            _reset(job)
        yield
    except BaseException:
        try:
            _end(job)
        except ProjectError as error:
            # Why it ended comes first, and is told by whoever started us.
            err.print(f"[red]error:[/] {escape(error.what)}\n  [bold]fix:[/]   {escape(error.fix)}")
        raise
    _end(job)


def _end(job: Job) -> None:
    if job.keep:
        err.print(f"kept: {', '.join(job.isolation.schemas(job.manifest))}", markup=False)
        return
    with _undisturbed(), step(f"schema {job.isolation.schema} dropped"):
        _drop(job)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no signal end us between two statements; whoever cancels a job sends several."""
    before = {
        number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reset(job: Job) -> None:
    """Begin with empty schemas: what a run that was killed or kept has left is not this run's."""
    own, *_ = job.isolation.schemas(job.manifest)
    views = [f"create view {ours} as select * from {theirs}" for ours, theirs in job.views.items()]  # noqa: S608 - names from dbt's manifest
    _sql(job, [*_drops(job), f"create schema {own}", *views])


def _drops(job: Job) -> list[str]:
    return [f"drop schema if exists {name} cascade" for name in job.isolation.schemas(job.manifest)]


def _sql(job: Job, statements: list[str]) -> None:
    # dbt's own macro: it logs in as the models do, with whatever the profile names.
    job.dbt.run(job.project, "run-operation", "run_query", "--args", json.dumps({"sql": ";\n".join(statements)}))


def _drop(job: Job) -> None:
    try:
        _sql(job, _drops(job))
    except (ProjectError, OSError) as error:
        raise ProjectError(
            f"CI's schema could not be dropped: {error}", job.isolation.schema, f"run: {'; '.join(_drops(job))}"
        ) from error


def _run(job: Job, results: Results) -> None:
    """Build without rows, then carry over what only grows, then build."""
    name = job.project.name
    defer = ("--defer", "--defer-state", job.stored, "--favor-state") if job.stored else ()
    select = ("--select", "state:new", "--state", job.selection)
    with step(f"dbt project {name}: built without rows"):
        _build(job, [*select, *defer, "--empty", "--exclude-resource-type", "test"])
    if carried := _carried(job):
        with step(f"dbt project {name}: tables cloned from production") as notes:
            # The pass without rows leaves tables; a first run of an incremental model must find none.
            _reset(job)
            job.dbt.lenient(job.project).run(
                job.project, "clone", "--select", *CARRIED, "--state", job.selection, "--defer-state", job.stored
            )
            notes.append(", ".join(key.split(".", 2)[2] for key in carried))
    with step(f"dbt project {name}: built") as notes:
        _build(job, [*select, *defer, "--fail-fast"], results)
        notes.append(f"{sum(one in results for one in job.nodes)} nodes")


def _carried(job: Job) -> list[str]:
    """Return the incremental models and snapshots that production has already."""
    if not job.stored:
        return []
    before = json.loads((job.stored / "manifest.json").read_bytes())["nodes"]
    kinds = ("incremental", "snapshot")
    return [
        key
        for key in job.nodes
        if key in before and job.manifest["nodes"].get(key, {}).get("config", {}).get("materialized") in kinds
    ]


def _build(job: Job, arguments: list[object], results: Results | None = None) -> None:
    file = job.project.folder / "target/run_results.json"
    file.unlink(missing_ok=True)
    done = job.dbt.attempt(job.project, "build", *arguments)
    found = json.loads(file.read_bytes())["results"] if file.is_file() else []
    if results is not None:
        results |= {one["unique_id"]: one for one in found}
    if done.code:
        failed = [one for one in found if one["status"] in FAILED]
        raise _failure(job, failed) if failed else done.error


def _failure(job: Job, failed: list[dict[str, Any]]) -> ProjectError:
    texts = [f"{one['unique_id']} failed: {_words(one['message'])}" for one in failed]
    first = failed[0]["unique_id"]
    node = job.manifest["nodes"].get(first) or job.manifest.get("unit_tests", {}).get(first) or {}
    file = node.get("original_file_path", "dbt_project.yml")
    return ProjectError("\n".join(texts), f"dbt/{job.project.name}/{file}", "mend it, then run the command again")


def _words(message: str | None) -> str:
    # The compiled code lay in a folder that is gone by now.
    lines = (message or "dbt gave no reason").strip().splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("compiled code at "))
