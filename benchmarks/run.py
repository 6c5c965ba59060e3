"""A whole DAG run of a dbt project, beside dbt alone: Airflow's plain ways, stock Cosmos, and ours."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Result, Row, Sample, as_row, compare, stack
from benchmarks.plain import Plain, Warehouse, warehouse
from benchmarks.sandbox import Sandbox, sandbox
from benchmarks.subject import count_models, find
from benchmarks.usage import Usage
from benchmarks.ways import STOCK_OPTIONS, WARM_UP, Way, our_ways, stock_ways
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load
from scripts.airflow.run import DONE
from scripts.aws import Aws
from scripts.connections import secret_name
from scripts.local.api import Api
from scripts.local.state import Rehearsal
from scripts.paths import Paths
from scripts.projects import DbtProject

STOCK, OURS = "stock", "ours"
BARE = "bare dbt build"
# Seconds until a run is stopped; stock WATCHER takes 330 of them at 200 models.
SHORT, LONG = 420.0, 1200.0
SETTLE = 15.0  # seconds for what still ran then to end
NODES = ("model", "seed", "snapshot")


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure on LocalExecutor."""
    return measure_on(paths, options, "local")


def measure_on(paths: Paths, options: Options, executor: str) -> list[Result]:
    """Measure on an executor: first with Airflow's own options and no plugin, then with ours."""
    results = {}
    for size in (0,) if options.project else options.models:
        found = []
        for kind in (STOCK, OURS):
            own = replace(options, folder=options.folder / f"{kind}-{size}", models=(size,))
            found.append(phase(paths, own, kind, executor))
        results[size] = together(found)
    title = f"A whole DAG run, {executor} executor; CPU seconds by component"
    # The size of a given project is its own.
    return list(results.values()) if options.project else [stack(title, results)]


def together(results: list[Result]) -> Result:
    """Return one table of several with the same first row, which gets the samples of all."""
    first = as_row(results[0].rows[0].what, [one for result in results for one in result.rows[0].samples])
    return Result(results[0].title, [first, *(row for result in results for row in result.rows[1:])])


@dataclass(frozen=True)
class Bench:
    """A running rehearsal, and how long a run may take."""

    rehearsal: Rehearsal
    limit: float

    @property
    def aws(self) -> Aws:
        """The rehearsal's AWS."""
        return Aws(self.rehearsal.region, self.rehearsal.url("aws"))

    def ship(self, ways: list[Way]) -> None:
        """Upload the plain DAG files and wait until Airflow has all DAGs."""
        bucket, api = self.aws.bucket(self.rehearsal.bucket), Api(self.rehearsal)
        for name, content in (item for way in ways for item in way.files().items()):
            bucket.put(name, content, hashlib.sha256(content).hexdigest())
        for way in ways:
            api.wait_for_dag(way.dag, 0.0, limit=180.0)

    def run(self, way: Way) -> Sample:
        """Run a DAG; past the limit it is stopped.

        Raises:
            ProjectError: if a run of ours fails; one of another's is told as such.
        """
        api, begun = Api(self.rehearsal), time.monotonic()
        with Usage({name: member.pid for name, member in self.rehearsal.members.items()}) as usage:
            path = f"dags/{way.dag}/dagRuns/{api.trigger(way.dag, {})}"
            while (found := self._run(api, path)).get("state") not in DONE:
                if time.monotonic() - begun > self.limit:
                    api.call("PATCH", path, json={"state": "failed"})
                    time.sleep(SETTLE)
                    break
                time.sleep(1)
        tasks = api.call("GET", f"{path}/taskInstances", params={"limit": 1})["total_entries"]
        facts = {"tasks": tasks, **usage.facts}
        if found.get("state") not in DONE:
            return Sample(self.limit, facts, stopped=True)
        failed = found["state"] != "success"
        if failed and way.file is None:
            raise ProjectError(
                f"The run of {way.what} ended {found['state']}.", way.dag, "see its tasks' logs, mend them"
            )
        return Sample(_seconds(found), facts, failed=failed)

    def _run(self, api: Api, path: str) -> dict[str, Any]:
        """Return a run; an API server that is too busy to answer is asked again."""
        try:
            return dict(api.call("GET", path))
        except ProjectError:
            if self.rehearsal.ended():
                raise
            return {}


def _seconds(run: dict[str, Any]) -> float:
    queued, ended = (datetime.fromisoformat(run[name]) for name in ("queued_at", "end_date"))
    return (ended - queued).total_seconds()


def phase(paths: Paths, options: Options, kind: str, executor: str) -> Result:
    """Measure bare dbt with no Airflow beside it, then runs in a rehearsal of stock ways or of ours."""
    place = sandbox(paths, options.folder)
    project = find(options.project, options.models[0], place.paths.root / "dbt")
    bare, manifest = _bare(place, project, options.runs)
    tasks, models = count_tasks(manifest), count_models(manifest)
    if kind == STOCK:
        place.as_stock(STOCK_OPTIONS)
    ways = our_ways(place, project.name, models, tasks) if kind == OURS else []
    with place.rehearsal(executor) as rehearsal:
        bench = Bench(rehearsal, LONG if options.full else SHORT)
        ways = ways or stock_ways(Plain(place, project, _front(place, bench)), tasks)
        bench.ship([WARM_UP, *ways])
        bench.run(WARM_UP)
        # What may have to be stopped leaves dbt processes behind, which no other way shall meet.
        turns = [{way.what: partial(bench.run, way) for way in ways if way.late == late} for late in (False, True)]
        rows = [row for turn in turns for row in compare("", turn, options.runs).rows]
    title = f"A whole DAG run of {project.name}, {models} models, {executor} executor; CPU seconds by component"
    return Result(title, [bare, *rows])


def _bare(place: Sandbox, project: DbtProject, runs: int) -> tuple[Row, Path]:
    """Return what dbt alone takes, and its manifest."""
    with warehouse() as front:
        plain = Plain(place, project, front)
        copy = plain.prepare("bare")
        (row,) = compare("", {BARE: partial(plain.build, copy)}, runs).rows
    return row, copy / "target" / "manifest.json"


def _front(place: Sandbox, bench: Bench) -> Warehouse:
    environment = load(place.paths.settings).environment("local")
    secret = bench.aws.secret(secret_name(environment, environment.snowflake.connection))
    return Warehouse(bench.rehearsal.ports["outside"], str(secret["password"]))


def count_tasks(manifest: Path) -> int:
    """Return how many tasks stock Cosmos makes of a manifest: one per node, per tested node, and two around them."""
    nodes = json.loads(manifest.read_bytes())["nodes"]
    built = {name for name, node in nodes.items() if node["resource_type"] in NODES}
    tested = {node.get("attached_node") for node in nodes.values() if node["resource_type"] == "test"}
    return len(built) + len(tested & built) + 2
