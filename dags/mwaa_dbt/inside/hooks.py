"""Run a dbt project's on-run-start or on-run-end hooks, and nothing else of it.

Called with dbt's own Python as hooks.py [options] start|end build <dbt's flags>. The project is loaded and its hooks
are run by dbt's own code, as around a `dbt build` of that selection. Exit codes are dbt's: 1 if a hook failed in the
warehouse, 2 if one did not compile or the project did not load.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import dbt_common.invocation  # type: ignore[import-not-found]
import pytz  # type: ignore[import-untyped,unused-ignore]
from dbt.adapters.factory import get_adapter  # type: ignore[import-not-found]
from dbt.artifacts.schemas.batch_results import BatchResults  # type: ignore[import-not-found]
from dbt.artifacts.schemas.results import (  # type: ignore[import-not-found]
    FreshnessStatus,
    RunStatus,
    TestStatus,
    TimingInfo,
)
from dbt.artifacts.schemas.run import RunExecutionResult, RunResult  # type: ignore[import-not-found]
from dbt.cli import main as dbt_cli  # type: ignore[import-not-found]
from dbt.cli import requires
from dbt.node_types import NodeType  # type: ignore[import-not-found]
from dbt.parser.unit_tests import UnitTestManifestLoader  # type: ignore[import-not-found]
from dbt.task.build import BuildTask  # type: ignore[import-not-found]
from dbt_common.events.contextvars import task_contextvars  # type: ignore[import-not-found]

from dbt import tracking  # type: ignore[attr-defined]

TABLES = ("nodes", "unit_tests", "saved_queries", "exposures", "functions", "sources")
RAN = ("pass", "fail")
# Those of dbt's own `build`, the innermost first; only, the manifest that was loaded is not written again.
STEPS = (
    requires.manifest(write=False),
    requires.runtime_config,
    requires.catalogs,
    requires.project,
    requires.profile,
    requires.preflight,
    requires.postflight,
)


class Hooks(BuildTask):
    """A `dbt build` that builds nothing; for a start, `before` are dbt's own steps up to the first node."""

    def populate_adapter_cache(self, *_: Any, **__: Any) -> None:
        """Ask for no schema's relations in advance; dbt asks for those that a hook wants."""

    def run_hooks(self, results: list[RunResult] | None) -> RunExecutionResult:
        """Run the hooks of the end, with these results, or those of the start."""
        with task_contextvars(project_root=self.config.project_root):
            self._runtime_initialize()
            self.started_at = time.time()
            adapter = get_adapter(self.config)
            try:
                if results is None:
                    self.before_run(adapter, frozenset(node.unique_id for node in self._flattened_nodes))
                else:
                    self.after_run(adapter, results)
            finally:
                adapter.cleanup_connections()
        return self._ended()

    def _ended(self) -> RunExecutionResult:
        now = datetime.now(UTC).replace(tzinfo=None)
        result = self.get_result(self.node_results, time.time() - self.started_at, now)
        if self.args.write_json:
            result.write(self.result_path())
        self.task_end_messages(result.results)
        return result


def read_results(config: Any, manifest: Any, items: Iterable[dict[str, Any]]) -> Iterator[RunResult]:
    """Make dbt's own results of what run_results.json says; of several of one node, the last.

    A node that the manifest does not have any more is left out: hooks ask a result for its node.
    """
    for item in {item["unique_id"]: item for item in items}.values():
        if node := _node(config, manifest, item):
            yield _result(node, item)


def _node(config: Any, manifest: Any, item: dict[str, Any]) -> Any:
    unique_id = item["unique_id"]
    tables = (getattr(manifest, name, {}) for name in TABLES)
    node = next((table[unique_id] for table in tables if unique_id in table), None)
    if unique_id in manifest.unit_tests and (item.get("compiled") is not None or item["status"] in RAN):
        # A unit test that ran is not its definition to dbt, but the node that was made of it.
        return UnitTestManifestLoader(manifest, config, {unique_id}).load().nodes[unique_id]
    return node


def _result(node: Any, item: dict[str, Any]) -> RunResult:
    if item.get("compiled_code") and hasattr(node, "compiled_code"):
        node.compiled, node.compiled_code = True, item["compiled_code"]
    batches = item.get("batch_results")
    return RunResult(
        status=_status(node, item["status"]),
        timing=[_timing(one) for one in item.get("timing") or []],
        thread_id=item.get("thread_id") or "",
        execution_time=item.get("execution_time") or 0.0,
        adapter_response=item.get("adapter_response") or {},
        message=item.get("message"),
        failures=item.get("failures"),
        node=node,
        batch_results=BatchResults.from_dict(batches) if batches else None,
    )


def _status(node: Any, status: str) -> RunStatus | TestStatus | FreshnessStatus:
    # dbt has a type for each, which share most of their words.
    first = TestStatus if node.resource_type in (NodeType.Test, NodeType.Unit) else RunStatus
    return next(kind(status) for kind in (first, RunStatus, TestStatus, FreshnessStatus) if status in list(kind))


def _timing(item: dict[str, Any]) -> TimingInfo:
    return TimingInfo(item["name"], _naive(item.get("started_at")), _naive(item.get("completed_at")))


def _naive(time: str | None) -> datetime | None:
    # dbt's own times are in UTC and do not say so; a macro that prints them must see the same text.
    return datetime.fromisoformat(time).astimezone(UTC).replace(tzinfo=None) if time else None


def _pose(options: argparse.Namespace) -> None:
    """Let macros see the run's id and start instead of this process'."""
    if options.invocation_id:
        dbt_common.invocation._INVOCATION_ID = options.invocation_id
    if options.started_at and tracking.active_user:
        tracking.active_user.run_started_at = datetime.fromisoformat(options.started_at).astimezone(pytz.utc)


def _command(options: argparse.Namespace) -> click.Group:
    """Return dbt's command line with a `build` that takes the same flags, loads the same way, and runs hooks."""

    def build(ctx: click.Context, **_: Any) -> tuple[RunExecutionResult, bool]:
        _pose(options)
        manifest = ctx.obj["manifest"]
        items = json.loads(options.results.read_text()) if options.results else []
        results = list(read_results(ctx.obj["runtime_config"], manifest, items)) if options.kind == "end" else None
        done = (task := Hooks(ctx.obj["flags"], ctx.obj["runtime_config"], manifest)).run_hooks(results)
        return done, task.interpret_results(done.results)

    steps = functools.reduce(lambda inner, step: step(inner), STEPS, build)
    command = click.Command("build", params=dbt_cli.build.params, callback=click.pass_context(steps))
    return click.Group("dbt", {"build": command}, params=dbt_cli.cli.params, callback=lambda **_: None)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("hooks.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("--results", type=Path, help="results of the whole run, as a list in run_results.json's form")
    parser.add_argument("--invocation-id", help="what hooks see as invocation_id")
    parser.add_argument("--started-at", help="what hooks see as run_started_at, in ISO 8601")
    parser.add_argument("kind", choices=("start", "end"))
    parser.add_argument("dbt", nargs=argparse.REMAINDER, help="build, and dbt's flags")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Run the hooks and exit as dbt does."""
    options = _options(arguments)
    # What dbt calls the run's command line.
    sys.argv = ["dbt", *options.dbt]
    _command(options).main(options.dbt, "dbt")


if __name__ == "__main__":
    main(sys.argv[1:])
