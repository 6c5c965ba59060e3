"""dbt on projects that are not built: the same profile and virtualenv as a task's, without a release."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from mwaa_dbt.settings import load, shipped
from scripts.dbt import Dbt
from scripts.paths import Paths
from scripts.profiles import ProfileWriter
from scripts.projects import DbtProject
from scripts.venvs import airflow_venv, dbt_venv
from scripts.workshop import DbtOf, DbtTarget


def dbt_of_sources(
    paths: Paths,
    target: DbtTarget,
    names: Sequence[str],
    folder: Path,
    variables: Mapping[str, str] | None = None,
) -> DbtOf:
    """Return dbt for projects by name, at a target; profiles are written below `folder`, secrets to no file.

    Raises:
        ProjectError: if Airflow or dbt cannot be installed, or Cosmos makes no profile of the connection.
    """
    airflow = airflow_venv(paths, load(paths.settings).project.airflow_version)
    known = dbt_venv(paths).environment
    dags, profiles = folder / "dags", folder / "profiles"
    helper = shutil.copytree(
        paths.root / "dags" / "mwaa_dbt", dags / "mwaa_dbt", ignore=shutil.ignore_patterns("__pycache__")
    )
    (helper / "settings.json").write_text(shipped(target.name, target.environment))
    secrets = ProfileWriter(airflow, dags, profiles).write(list(names), target.environment, target.connection)
    ours = {**known, **(variables or {}), **secrets}

    def dbt(project: DbtProject) -> Dbt:
        return Dbt(known["MWAA_DBT_EXECUTABLE"], ours, profiles / project.name, target.name)

    return dbt
