"""Write the profiles.yml that Cosmos will generate in a task.

Called as profiles.py <folder> <project>…; the DAG folder under build must be on PYTHONPATH. Secrets are
placeholders; dbt does not hash them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mwaa_dbt.profile import profile_config
from mwaa_dbt.settings import runtime


def main(folder: Path, projects: list[str]) -> None:
    """Write <folder>/<project>/profiles.yml for each project, and secrets.json with the variables it names."""
    for project in projects:
        config = profile_config(project, runtime())
        assert config.profile_mapping is not None  # noqa: S101 - for the type checker
        text = config.profile_mapping.get_profile_file_contents(project, config.target_name)
        (folder / project).mkdir(parents=True, exist_ok=True)
        (folder / project / "profiles.yml").write_text(text)
        (folder / project / "secrets.json").write_text(json.dumps(config.profile_mapping.env_vars))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
