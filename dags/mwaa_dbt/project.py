"""The dbt projects of the release that this code belongs to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion

# <home>/releases/<digest>/dags/mwaa_dbt/project.py, as mwaa_dbt.reader unpacks it.
RELEASE = Path(__file__).parents[2]


class Unpacked(NamedTuple):
    """A dbt project on this container's disk, where dbt may write."""

    name: str
    release: str
    folder: Path

    @property
    def manifest(self) -> Path:
        """The slim manifest: only what Cosmos reads."""
        return self.folder / "manifest.json"


def open_project(name: str) -> Unpacked:
    """Return a project of the release.

    Raises:
        ProjectError: if this code was not unpacked from a release, or the release has no such project.
    """
    projects = {project.name: project for project in open_projects()}
    if name not in projects:
        raise ProjectError(
            f"Release {RELEASE.name[:12]} has no dbt project {name!r}.{suggestion(name, sorted(projects))}",
            f"dbt_group({name!r}, …)",
            f"name one of: {', '.join(sorted(projects)) or 'none'}; a project is a folder in dbt/",
        )
    return projects[name]


def open_projects() -> list[Unpacked]:
    """Return all projects of the release.

    Raises:
        ProjectError: if this code was not unpacked from a release.
    """
    description = RELEASE / "release.json"
    if not description.is_file():
        raise ProjectError(
            "This DAG folder was not built.", str(description), "parse build/<environment>/dags, made by `mwaa build`"
        )
    projects = json.loads(description.read_text())["projects"]
    folder = RELEASE.parents[1] / "projects"
    return [Unpacked(name, RELEASE.name[:12], folder / digest) for name, digest in projects.items()]
