"""Where things are in a project."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError

PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Paths:
    """The folders of one project; `state` and `build` are made by the tools and never committed."""

    root: Path

    @property
    def settings(self) -> Path:
        """The one file that says where the project runs."""
        return self.root / "settings.toml"

    @property
    def state(self) -> Path:
        """Virtualenvs, staging and the rehearsal."""
        return self.root / ".mwaa"

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME of the rehearsal; startup.sh keeps the dbt virtualenv in it."""
        return self.state / "home"

    def build(self, environment: str) -> Path:
        """The folder that `mwaa build` fills: what lands on S3, and nothing else."""
        return self.root / "build" / environment


@functools.cache
def find_project() -> Paths:
    """Return the project that the working directory is in.

    Raises:
        ProjectError: if neither this folder nor one above it has a settings.toml.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "settings.toml").is_file():
            return Paths(folder)
    raise ProjectError("This is not a project: no settings.toml.", str(here), "change into the project's folder")
