"""A dbt project to measure: parsed for stock Cosmos, and as a release with a DAG file of ours."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.airflow import OURS, Place, Way, place, stock, unzip
from benchmarks.measure import Options
from benchmarks.synthetic import parsed, write
from mwaa_dbt.errors import ProjectError
from scripts.archive import full_manifest, pack
from scripts.bundle import bundle
from scripts.paths import Paths
from scripts.projects import DbtProject, stage
from scripts.release import read_record


@dataclass(frozen=True)
class Subject:
    """A parsed project in a place of its own."""

    models: int
    where: Place
    project: DbtProject
    full: Path
    dag: Path

    @property
    def manifest(self) -> Way:
        """Stock Cosmos, with the manifest."""
        return stock(self.where, self.project.folder, self.full)

    @property
    def dbt_ls(self) -> Way:
        """Stock Cosmos, which asks dbt."""
        return stock(self.where, self.project.folder, None)

    @property
    def ours(self) -> Way:
        """Our helper."""
        return self.dag, {"BENCHMARK_PROJECT": self.project.name}

    @property
    def tested(self) -> Way:
        """Our helper, with as many tasks as stock Cosmos has: tests in tasks of their own."""
        dag, known = self.ours
        return dag, {**known, "BENCHMARK_TESTS": "after_each"}


def subjects(paths: Paths, options: Options) -> Iterator[Subject]:
    """Yield the project that was given, or a made-up one of each size."""
    for size in (None,) if options.project else options.models:
        where = place(paths, replace(options, folder=options.folder / str(size or "project")))
        project = find(options.project, size, where.folder / "dbt")
        parsed(project, where)
        full = where.folder / "full.json"
        full.write_bytes(gzip.decompress(full_manifest(project)))
        dag = _release(where, pack(project, where.dags / "dbt" / project.name))
        yield Subject(size or count_models(full), where, project, full, dag)


def find(given: Path | None, models: int | None, folder: Path) -> DbtProject:
    """Copy a real project into a folder, or write a made-up one there.

    Raises:
        ProjectError: if what was given is no dbt project.
    """
    if given is None:
        write(folder / "synthetic", models or 0)
        return DbtProject("synthetic", folder / "synthetic")
    if not (given / "dbt_project.yml").is_file():
        raise ProjectError(f"{given} is no dbt project.", "--project", "name the folder with dbt_project.yml in it")
    (project,) = stage([DbtProject(given.resolve().name, given)], folder)
    return project


def count_models(manifest: Path) -> int:
    """Return how many models a manifest has."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    return sum(node["resource_type"] == "model" for node in nodes)


def _release(where: Place, archive: Path) -> Path:
    """Make a release of this project, with the built one's code and one more DAG file, and return that file's stub."""
    code = where.folder / "code"
    unzip(where.dags / "dbt" / f"{read_record(where.folder)['digest']}.zip", code)
    (code / "release.json").unlink()
    shutil.copy(OURS, code / "dags")
    bundle(code, where.folder, {archive.parent.name: archive.stem}, "local")
    return where.dags / OURS.name
