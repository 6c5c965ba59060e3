"""The trigger form's `select` in Airflow 2, where a task that skips others writes to the database itself."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from scripts.paths import Paths
from scripts.venvs import dbt_venv
from tests.airflow_version import AIRFLOW_2, ROOT
from tests.parse.conftest import Python

PROGRAM = Path(__file__).with_name("select_2.py")
CONNECTION = {
    "conn_type": "snowflake",
    "login": "u",
    # Airflow replaces it wherever it stands, in dbt's output, too.
    "password": "nowhere-else",
    "schema": "s",
    "extra": {"account": "a", "database": "d", "warehouse": "w", "role": "r"},
}


@pytest.mark.skipif(not AIRFLOW_2, reason="in Airflow 3 the API server skips; tests/e2e has a run with it")
def test_rest_of_group_is_skipped(python: Python) -> None:
    """What the run's `select` does not name is skipped at once; the chooser has succeeded, and names what is left."""
    reader, writer = os.pipe()
    environment = {
        **python.environment,
        "PYTHONPATH": str(python.release.code),
        "AIRFLOW_CONN_SNOWFLAKE_DEFAULT": json.dumps(CONNECTION),
        "MWAA_DBT_EXECUTABLE": dbt_venv(Paths(ROOT)).environment["MWAA_DBT_EXECUTABLE"],
    }
    command = [str(python.executable), str(PROGRAM), str(python.release.dags / "shops.py"), str(writer)]
    done = subprocess.run(command, env=environment, pass_fds=[writer], capture_output=True, text=True, check=False)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    assert text, done.stdout[-6000:] + done.stderr[-3000:]
    told = json.loads(text)
    daily = {name.removeprefix("daily."): state for name, state in told["states"].items() if name.startswith("daily.")}
    assert told["returned"] == "stg_orders"
    assert (daily["dbt_select"], daily["stg_orders"], daily["dbt_producer_watcher"]) == ("success", None, None)
    assert {daily["orders"], daily["stg_payments"]} == {"skipped"}
    assert "skipped" not in {state for name, state in told["states"].items() if not name.startswith("daily.")}
