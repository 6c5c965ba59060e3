"""dbt's profiles, written by the code that writes them in a task."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment
from scripts.paths import PACKAGE
from scripts.venvs import Airflow, container


@dataclass(frozen=True)
class ProfileWriter:
    """Writes <folder>/<project>/profiles.yml with the helper package of a DAG folder, settings.json and all."""

    airflow: Airflow
    dags: Path
    folder: Path

    def write(self, projects: list[str], environment: Environment, connection: Mapping[str, Any]) -> dict[str, str]:
        """Write the projects' profiles and return the variables with secrets that they name.

        Raises:
            ProjectError: if Cosmos makes no profile of the connection.
        """
        variable = f"AIRFLOW_CONN_{environment.snowflake.connection.upper()}"
        reader, writer = os.pipe()
        ours = {
            "PYTHONPATH": str(self.dags),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MWAA_SECRETS_PIPE": str(writer),
            variable: json.dumps(connection),
        }
        with os.fdopen(reader) as secrets:
            try:
                done = subprocess.run(
                    [self.airflow.python, PACKAGE / "inside" / "profiles.py", self.folder, *projects],
                    env={**container(self.folder.parent / "home", "worker"), **ours},
                    pass_fds=[writer],
                    capture_output=True,
                    text=True,
                    check=False,
                )
            finally:
                os.close(writer)
            if done.returncode:
                raise _failed(done.stderr)
            return dict(json.load(secrets))


def _failed(text: str) -> ProjectError:
    return ProjectError(
        f"Cosmos made no profile: {text.strip().splitlines()[-1]}",
        "settings.toml, [environments.….snowflake], or the Airflow connection that it names",
        "mend that setting or connection",
    )
