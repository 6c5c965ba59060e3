"""The names that DAG files take from mwaa_dbt.airflow_sdk, in Airflow's own Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.airflow_version import AIRFLOW_2, ROOT, VERSION, airflow

EACH = """
from mwaa_dbt import airflow_sdk
for name in airflow_sdk.HOMES:
    if name != "DownstreamTasksSkipped" or not airflow_sdk.AIRFLOW_2:
        print(name, getattr(airflow_sdk, name) is getattr(airflow_sdk, name))
"""
OWN = """
import airflow.sdk
from mwaa_dbt import airflow_sdk
for name in airflow_sdk.HOMES:
    if hasattr(airflow.sdk, name):
        assert getattr(airflow_sdk, name) is getattr(airflow.sdk, name), name
from mwaa_dbt.airflow_sdk import Asset
assert Asset is airflow.sdk.Asset
"""


def run(program: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in Airflow's Python with the DAG folder on its path."""
    environment = {"PATH": os.defpath, "HOME": str(home), "AIRFLOW_HOME": str(home), "PYTHONPATH": str(ROOT / "dags")}
    command = [str(airflow().python), "-W", "error::DeprecationWarning:mwaa_dbt", "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_each_name_is_there(tmp_path: Path) -> None:
    """Every name that is listed leads somewhere, and nothing of it is deprecated there."""
    done = run(EACH, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {line.split()[1] for line in done.stdout.splitlines() if line} == {"True"}
    assert "eprecat" not in done.stderr


def test_names_are_airflow_own(tmp_path: Path) -> None:
    """In Airflow 3 they are airflow.sdk's, also those that are not listed; an error names the version."""
    done = run(OWN, tmp_path)
    assert (done.returncode == 0) is not AIRFLOW_2, done.stderr
    done = run("from mwaa_dbt.airflow_sdk import Nothing", tmp_path)
    assert f"ImportError: Airflow {VERSION} has no airflow.sdk.Nothing; import it from where that" in done.stderr
