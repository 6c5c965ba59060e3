"""Which Airflow the tests of DAG code and plugins run with: settings.toml's, or that of MATRIX_AIRFLOW."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mwaa_dbt.settings import load
from scripts.paths import Paths
from scripts.venvs import Airflow, airflow_venv
from scripts.versions import number

ROOT = Path(__file__).parents[1]
VERSION = os.environ.get("MATRIX_AIRFLOW") or load(ROOT / "settings.toml").project.airflow_version
AIRFLOW_2, AIRFLOW_3_0 = number(VERSION)[0] == 2, number(VERSION)[:2] == (3, 0)

whole_dags = pytest.mark.skipif(AIRFLOW_2, reason="in Airflow 2 the process of a task makes the whole DAG")
supervised = pytest.mark.skipif(AIRFLOW_2, reason="Airflow 2 forks no task from a process that has plugins")
DEADLINES = number(VERSION) >= (3, 1)

deadlines = pytest.mark.skipif(not DEADLINES, reason="Airflow has deadlines since 3.1")


def airflow() -> Airflow:
    """Return the virtualenv of that Airflow, as MWAA has it."""
    return airflow_venv(Paths(ROOT), VERSION)
