"""What is known of an environment without asking anybody: its settings, and what is built for it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import REHEARSAL, Environment, Settings, load
from mwaa_dbt.tables import Source
from scripts.paths import Paths
from scripts.release import read_record
from scripts.state import find_stored

WATCHED = ("model", "seed", "snapshot")


@dataclass(frozen=True)
class Build:
    """A build that is there: its record, and each dbt project's widest layer."""

    record: Mapping[str, Any]
    widths: Mapping[str, int]

    @property
    def release(self) -> str:
        """Its release's name."""
        return str(self.record["release"])

    @property
    def dags(self) -> list[Mapping[str, Any]]:
        """Its DAGs: file, id, tasks, seconds that the file's parse took here."""
        return list(self.record["dags"])


@dataclass(frozen=True)
class Case:
    """What is looked at: a project, one of its environments with its own table of settings.toml, and its build."""

    paths: Paths
    settings: Settings
    name: str
    table: Mapping[str, Any]
    source: Source
    build: Build | ProjectError

    @property
    def environment(self) -> Environment:
        """The environment's settings."""
        return self.settings.environment(self.name)

    @property
    def airflow(self) -> str:
        """The version of Airflow."""
        return self.settings.project.airflow_version

    @property
    def rehearsal(self) -> bool:
        """Whether it is the rehearsal's environment."""
        return self.name == REHEARSAL

    def where(self, name: str) -> str | None:
        """Return the file and line of a setting, or None if settings.toml leaves it out."""
        table, key = name.split(".", 1)
        path = ("environments", self.name, table, key)
        return self.source.line(path) if key in self.table.get(table, {}) else None


def read_case(paths: Paths, name: str) -> Case:
    """Return an environment of a project.

    Raises:
        ProjectError: if settings.toml is wrong or has no such environment.
    """
    settings = load(paths.settings)
    settings.environment(name)
    text = paths.settings.read_text()
    table = tomllib.loads(text)["environments"][name]
    return Case(paths, settings, name, table, Source(paths.settings.name, text), _build(paths, name))


def _build(paths: Paths, name: str) -> Build | ProjectError:
    folder = paths.build(name)
    try:
        record = read_record(folder)
        manifests = find_stored(str(folder), lambda: _no_bucket(folder)).manifests
    except ProjectError as error:
        return error
    except OSError as error:
        lost = f"The build is not whole: {error.strerror}."
        return ProjectError(lost, str(error.filename), f"run `mwaa build --env {name}`")
    return Build(record, {key: widest(json.loads(text)) for key, text in manifests.items()})


def _no_bucket(folder: object) -> Any:
    raise ProjectError(f"There is no build in {folder}.", str(folder), "run `mwaa build`")


def widest(manifest: Mapping[str, Any]) -> int:
    """Return how many nodes of a dbt manifest are the same number of steps away from the sources, at most.

    That many may wait for dbt at the same time, as nothing else holds them back.
    """
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in WATCHED}
    graph = {key: [one for one in node["depends_on"].get("nodes", []) if one in nodes] for key, node in nodes.items()}
    steps: dict[str, int] = {}
    for key in TopologicalSorter(graph).static_order():
        steps[key] = max((steps[parent] + 1 for parent in graph[key]), default=0)
    layers = list(steps.values())
    return max(map(layers.count, set(layers)), default=0)
