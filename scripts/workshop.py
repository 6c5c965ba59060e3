"""A build's dbt projects, unpacked again so that dbt can be asked about them or run them."""

from __future__ import annotations

import gzip
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwaa_dbt.settings import Environment, load, shipped
from scripts import connections
from scripts.bundle import KEPT_FILES
from scripts.dbt import Dbt
from scripts.paths import Paths
from scripts.profiles import ProfileWriter
from scripts.projects import DbtProject
from scripts.release import POINTER, read_record
from scripts.venvs import airflow_venv, dbt_venv

type DbtOf = Callable[[DbtProject], Dbt]


@dataclass(frozen=True)
class DbtTarget:
    """Where dbt works: dbt's name of the target, the settings and the Airflow connection."""

    name: str
    environment: Environment
    connection: Mapping[str, Any]


class Workshop:
    """An unpacked build in a folder of its own; the folder's owner removes it."""

    def __init__(self, paths: Paths, environment: str, folder: Path) -> None:
        settings = load(paths.settings)
        self.name, self.environment, self.folder = environment, settings.environment(environment), folder
        self.build = paths.build(environment)
        self.record = read_record(self.build)
        self.airflow = airflow_venv(paths, settings.project.airflow_version)
        self.dbt_environment = dbt_venv(paths, self.build / "startup.sh").environment
        # The release's own code writes the profiles.
        self._unzip(self.build / POINTER.replace("current.json", f"{self.record['digest']}.zip"), folder / "code")
        self.projects = [self._project(name, made["archive"]) for name, made in self.record["projects"].items()]

    def _project(self, name: str, archive: str) -> DbtProject:
        return DbtProject(
            name, self._unzip(self.build / "dags" / "dbt" / name / f"{archive}.zip", self.folder / "dbt" / name)
        )

    def _unzip(self, archive: Path, folder: Path) -> Path:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        return folder

    def manifest(self, project: DbtProject) -> dict[str, Any]:
        """Return the full manifest of the build, as parsed for its environment."""
        kept = self.build / KEPT_FILES / self.record["projects"][project.name]["manifest"]
        return dict(json.loads(gzip.decompress(kept.read_bytes())))

    def keep_state(self, project: DbtProject, manifest: bytes, name: str = "stored") -> Path:
        """Write a manifest where dbt's --state finds it and return that folder."""
        folder = self.folder / name / project.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_bytes(manifest)
        return folder

    def own_dbt(self) -> DbtOf:
        """Return dbt as the build has it: the environment's own target, and no secret."""
        return self.dbt(DbtTarget(self.name, self.environment, _placeholder(self.environment)))

    def dbt(self, target: DbtTarget, variables: Mapping[str, str] | None = None) -> DbtOf:
        """Return dbt for each project at a target; `variables` are added to its environment."""
        dags, profiles = self.folder / "code" / "dags", self.folder / f"profiles-{target.name}"
        (dags / "mwaa_dbt" / "settings.json").write_text(shipped(target.name, target.environment))
        names = [project.name for project in self.projects]
        secrets = ProfileWriter(self.airflow, dags, profiles).write(names, target.environment, target.connection)
        ours = {**self.dbt_environment, **(variables or {}), **secrets}
        executable = self.dbt_environment["MWAA_DBT_EXECUTABLE"]
        return lambda project: Dbt(executable, ours, profiles / project.name, target.name)


def _placeholder(environment: Environment) -> dict[str, Any]:
    return connections.snowflake(environment, connections.PLACEHOLDER)


@contextmanager
def open_build(paths: Paths, environment: str) -> Iterator[Workshop]:
    """Unpack build/<environment>/ for a while.

    Raises:
        ProjectError: if there is no such build.
    """
    paths.state.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="workshop-", dir=paths.state, ignore_cleanup_errors=True) as folder:
        yield Workshop(paths, environment, Path(folder))
