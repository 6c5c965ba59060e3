"""The dbt projects of this repository: found, checked, and copied for a build."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from mwaa_dbt.errors import ProjectError

# Never part of a release: of this machine, or where secrets are kept …
LEFT_OUT = {".git", ".venv", "__pycache__", ".user.yml", "profiles.yml", ".env", ".DS_Store"}
# … or made by dbt, beside dbt_project.yml; deeper down these are anybody's names.
MADE = {"target", "logs", ".venv"}
# What `dbt deps` makes, besides the packages.
LOCK = "package-lock.yml"


@dataclass(frozen=True)
class DbtProject:
    """A folder in dbt/: its name is what DAGs call the project."""

    name: str
    folder: Path

    @property
    def packages(self) -> Path:
        """The folder that `dbt deps` fills."""
        return self.folder / str(self.read("dbt_project.yml").get("packages-install-path", "dbt_packages"))

    @property
    def wants_packages(self) -> bool:
        """Whether it names packages to install."""
        return any(self.read(name).get("packages") for name in ("packages.yml", "dependencies.yml"))

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What `dbt parse` has left of a staged project, as it was when it was first asked for."""
        return dict(json.loads((self.folder / "target" / "manifest.json").read_bytes()))

    def read(self, name: str) -> dict[str, Any]:
        """Return a YAML file of the project; empty if there is none.

        Raises:
            ProjectError: if it is not valid YAML, with its line.
        """
        path = self.folder / name
        try:
            table = yaml.safe_load(path.read_text()) if path.is_file() else None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or error
            raise ProjectError(
                f"{name} is not valid YAML: {problem}.", f"dbt/{self.name}/{name}{line}", "mend it"
            ) from None
        return table if isinstance(table, dict) else {}


def find_projects(folder: Path) -> list[DbtProject]:
    """Return the dbt projects of a folder, in order of their names.

    Raises:
        ProjectError: if a folder is no dbt project.
    """
    found = list(_candidates(folder))
    for project in found:
        if not (project.folder / "dbt_project.yml").is_file():
            raise ProjectError(
                f"dbt/{project.name} is no dbt project: it has no dbt_project.yml.",
                f"dbt/{project.name}/",
                "add dbt_project.yml, or move the folder out of dbt/ (each folder there is one dbt project)",
            )
    return found


def _candidates(folder: Path) -> Iterator[DbtProject]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() and not path.name.startswith((".", "_")):
            yield DbtProject(path.name, path)


def stage(projects: list[DbtProject], folder: Path) -> list[DbtProject]:
    """Copy projects side by side, so that dbt may write and packages at `../other` are found."""
    return [DbtProject(project.name, _copy(project.folder, folder / project.name)) for project in projects]


def _copy(source: Path, target: Path) -> Path:
    def left_out(folder: str, names: list[str]) -> set[str]:
        made = MADE if Path(folder) == source else set()
        return {name for name in names if name in LEFT_OUT | made}

    return Path(shutil.copytree(source, target, ignore=left_out))
