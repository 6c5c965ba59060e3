"""The options that are set on each version of Airflow, against what that Airflow says it knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from mwaa_dbt.settings import load
from mwaa_dbt.sizing import option_name
from scripts.known import UNDECLARED, known_options
from scripts.local.airflow_web import airflow_web
from scripts.local.environment import REHEARSAL
from scripts.local.state import Rehearsal
from scripts.options import MWAA_DEFAULTS, MWAA_FORCED, of_version, project_options
from scripts.paths import Paths
from scripts.venvs import airflow_venv
from tests.e2e.conftest import ROOT
from tests.matrix.conftest import VERSIONS

pytestmark = pytest.mark.matrix
# MWAA's images set these of every version, also of one that has dropped them or never had them.
FOR_NOTHING = {
    "scheduler.schedule_after_task_execution",
    "scheduler.standalone_dag_processor",
    "usage_data_collection.enabled",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_options_are_known(version: str, tmp_path: Path) -> None:
    """No option of the project, of MWAA or of the rehearsal has a name that this Airflow does not know."""
    paths = Paths(ROOT)
    airflow_venv(paths, version)
    known = known_options(paths, version)
    assert {"core.parallelism", "celery.worker_autoscale"} <= known
    rehearsal = Rehearsal("local", "eu-central-1", "bucket", {"airflow": 8080}, airflow=version)
    ours = {
        *project_options(load(paths.settings).environment("prod"), version),
        *of_version(MWAA_DEFAULTS | MWAA_FORCED, version),
        *(option_name(name, version) for name in REHEARSAL),
        *airflow_web(rehearsal).options(tmp_path),
    }
    assert {name for name in ours - known if not name.startswith(UNDECLARED)} <= FOR_NOTHING
