"""Write the profiles.yml that Cosmos will generate in a task.

Called as profiles.py <folder> <project>…; the DAG folder under build must be on PYTHONPATH and the Airflow
connection in its AIRFLOW_CONN_… variable. Secrets go to the pipe whose descriptor is in MWAA_SECRETS_PIPE, and
to no file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from mwaa_dbt.profile import profile_config
from mwaa_dbt.settings import runtime


def main(folder: Path, projects: list[str]) -> None:
    """Write <folder>/<project>/profiles.yml for each project; to the pipe the variables that they name, as JSON."""
    secrets: dict[str, str] = {}
    for project in projects:
        config = profile_config(project, runtime())
        assert config.profile_mapping is not None  # noqa: S101 - for the type checker
        text = config.profile_mapping.get_profile_file_contents(project, config.target_name)
        (folder / project).mkdir(parents=True, exist_ok=True)
        (folder / project / "profiles.yml").write_text(text)
        secrets |= config.profile_mapping.env_vars
    if pipe := os.environ.get("MWAA_SECRETS_PIPE"):
        with os.fdopen(int(pipe), "w") as file:
            json.dump(secrets, file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
