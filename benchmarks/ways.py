"""The ways to run a dbt project as a DAG: Airflow's plain ones, stock Cosmos, and ours."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.plain import PASSWORD, Plain
from benchmarks.sandbox import Sandbox
from mwaa_dbt.settings import load

INSIDE = Path(__file__).with_name("inside")
# What Airflow has where nobody sets it; ours sets both.
STOCK_OPTIONS = {"core.lazy_load_plugins": "True", "workers.min_heartbeat_interval": "5"}
FEW = 30  # models; with more, a dbt process per node takes hours on a small machine
OURS = """\"\"\"The project with this project's helper.\"\"\"

from datetime import datetime

from airflow.sdk import DAG

from mwaa_dbt import dbt_group

with DAG({dag!r}, schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    dbt_group({project!r}, tests={tests!r}, execution={execution!r})
"""


@dataclass(frozen=True)
class Way:
    """A DAG; a plain one has a file that is uploaded as it is, and what that reads.

    A `late` one runs when the others have.
    """

    what: str
    dag: str
    file: Path | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    late: bool = False

    def files(self) -> dict[str, bytes]:
        """Return the objects of a plain DAG."""
        if self.file is None:
            return {}
        own = {f"dags/{self.dag}.json": json.dumps(dict(self.given)).encode()}
        return {**own, f"dags/{self.dag}.py": self.file.read_bytes()}


@dataclass(frozen=True)
class Arrangement:
    """Arguments of dbt_group."""

    tests: str
    execution: str

    @property
    def what(self) -> str:
        """Name it by its arguments."""
        return f'dbt_group, tests="{self.tests}", execution="{self.execution}"'

    @property
    def dag(self) -> str:
        """The id of its DAG."""
        return f"ours_{self.tests}_{self.execution}"


ARRANGEMENTS = (
    Arrangement("build", "watcher"),
    Arrangement("after_each", "watcher"),
    Arrangement("build", "local"),
    Arrangement("after_each", "local"),
)


# What the API server and others do once, at their first run, is nobody's.
WARM_UP = Way("warm-up", "warm_up", INSIDE / "empty_tasks.py", {"tasks": 1})


def stock_ways(plain: Plain, tasks: int) -> list[Way]:
    """Return the ways without anything of ours."""
    return [_empty(tasks, "stock"), _bash(plain), _stock(plain, "watcher"), _stock(plain, "local")]


def our_ways(sandbox: Sandbox, project: str, models: int, tasks: int) -> list[Way]:
    """Write a DAG file per arrangement and return the ways to run them, after that of empty tasks."""
    chosen = [one for one in ARRANGEMENTS if one.execution == "watcher" or models <= FEW]
    for one in chosen:
        text = OURS.format(dag=one.dag, project=project, tests=one.tests, execution=one.execution)
        (sandbox.paths.root / "dags" / f"{one.dag}.py").write_text(text)
    return [_empty(tasks, "our"), *(Way(one.what, one.dag) for one in chosen)]


def _empty(tasks: int, options: str) -> Way:
    # What Airflow itself takes, with either configuration.
    return Way(f"as many empty tasks, {options} options", "empty_tasks", INSIDE / "empty_tasks.py", {"tasks": tasks})


def _bash(plain: Plain) -> Way:
    copy = plain.prepare("bash")
    environment = {PASSWORD: "{{ conn.snowflake_default.password }}"}
    given = {"command": shlex.join(plain.command(copy, "build")), "folder": str(copy), "environment": environment}
    return Way("BashOperator, dbt build", "bash_build", INSIDE / "bash_build.py", given)


def _stock(plain: Plain, mode: str) -> Way:
    dag = f"stock_{mode}"
    copy = plain.prepare(dag)
    facts = load(plain.sandbox.paths.settings).environment("local").snowflake
    given = {
        "project": str(copy),
        "manifest": str(copy / "target" / "manifest.json"),
        "dbt": plain.sandbox.dbt,
        "mode": mode,
        "profile": {"schema": dag, "threads": facts.threads, "protocol": facts.protocol},
    }
    return Way(f"stock Cosmos, {mode.upper()}", dag, INSIDE / "stock_dag.py", given, late=mode == "local")
