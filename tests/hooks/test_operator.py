"""The task that runs hooks: Cosmos' own way to dbt, in Airflow's Python."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.airflow_version import airflow
from tests.hooks.conftest import ROOT, Shop

PROGRAM = Path(__file__).with_name("run_operator.py")
SEEDED = {"unique_id": "seed.shop.raw_orders", "status": "success"}


def execute(shop: Shop, home: Path, kind: str, variables: str = "{}") -> tuple[int, str]:
    """Execute the task; return exit code and what it logged."""
    folders = {"folder": shop.folder, "profiles": shop.profiles, "executable": shop.executable}
    given = {**{key: str(value) for key, value in folders.items()}, "results": [SEEDED], "vars": variables}
    environment = {**shop.environment, "PYTHONPATH": str(ROOT / "dags"), "AIRFLOW_HOME": str(home)}
    command = [str(airflow().python), str(PROGRAM), kind, json.dumps(given)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_tasks_run_hooks_once(shop: Shop, tmp_path: Path) -> None:
    """Start and end run each hook once, as one invocation of dbt that began when the DAG run did."""
    for kind in ("start", "end"):
        code, log = execute(shop, tmp_path, kind)
        assert code == 0, log
        assert f"has_hooks=True without=False task_id=shop.dbt_on_run_{kind}" in log
        assert "Unable to do partial parsing" not in log
    rows = shop.rows("notes")
    assert [(row["kind"], row["package"]) for row in rows] == [
        ("start", "shop"), ("start", "audit"), ("end", "shop"), ("end", "audit"),
    ]  # fmt: skip
    assert {row["started"] for row in rows} == {"2026-11-21T05:00:03.123456+0000"}
    assert len({row["invocation"] for row in rows}) == 1
    assert all("model.shop.orders" in row["selected"] and "seed" not in row["selected"] for row in rows)
    assert [row["unique_id"] for row in shop.rows("elementary")] == [SEEDED["unique_id"]]


@pytest.mark.parametrize("kind", ["start", "end"])
def test_failed_hook_fails_the_task(shop: Shop, tmp_path: Path, kind: str) -> None:
    """A hook that fails fails its task, and the warehouse's words are in the task's log."""
    code, log = execute(shop, tmp_path, kind, f"{{{kind}_fails: true}}")
    assert code != 0
    assert "dbt command failed" in log
    assert {"start": "no_such_table", "end": "no_such_end"}[kind] in log.lower()
