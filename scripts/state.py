"""Stored releases, and what has changed since one: dbt's own `state:modified+`."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.aws import Bucket, MissingError
from scripts.bundle import KEPT_FILES
from scripts.console import step
from scripts.dbt import Dbt
from scripts.deploy.history import live
from scripts.deploy.remote import read_record as stored_record
from scripts.paths import Paths
from scripts.projects import DbtProject
from scripts.release import SHORT, read_record
from scripts.workshop import Workshop, open_build

CURRENT = "current"
# A release's name, or the whole digest that begins with it.
NAME = re.compile(r"[0-9a-f]{12,64}")
NEW, MODIFIED, CHILD = "new", "modified", "child of a modified node"
KEYS = ("unique_id", "resource_type", "original_file_path")


@dataclass(frozen=True)
class Stored:
    """A release that was kept: project → full manifest, as dbt's JSON."""

    release: str
    manifests: Mapping[str, bytes]


@dataclass(frozen=True)
class Node:
    """A node that has changed, or hangs on one; `id` and `file` as dbt has them."""

    project: str
    id: str
    kind: str
    file: str
    change: str


def find_stored(wanted: str, bucket: Callable[[], Bucket]) -> Stored:
    """Return a stored release: by its name, `current`, or the folder of a build.

    Raises:
        ProjectError: if there is none.
    """
    if wanted == CURRENT or NAME.fullmatch(wanted):
        with step(f"release {wanted}, from the bucket") as notes:
            stored = _from_bucket(bucket(), wanted)
            notes.append(stored.release)
            return stored
    folder = Path(wanted)
    if folder.is_dir():
        return _stored(read_record(folder), lambda key: (folder / key).read_bytes())
    raise ProjectError(
        f"{wanted!r} is no release.{suggestion(wanted, [CURRENT])}",
        "--state",
        f"name a release (12 hex digits), `{CURRENT}`, or the folder of another build, e.g. build/prod",
    )


def _from_bucket(bucket: Bucket, wanted: str) -> Stored:
    name = live(bucket) if wanted == CURRENT else wanted[:SHORT]
    try:
        return _stored(stored_record(bucket, name), bucket.get)
    except MissingError as error:
        raise ProjectError(
            f"The manifest of release {name} is no longer kept.",
            f"s3://{bucket.name}/{error}",
            "name a later release, or `current`",
        ) from None


def _stored(record: dict[str, Any], get: Callable[[str], bytes]) -> Stored:
    manifests = {
        name: gzip.decompress(get(f"{KEPT_FILES}/{made['manifest']}")) for name, made in record["projects"].items()
    }
    return Stored(record["release"], manifests)


def changed(workshop: Workshop, stored: Stored) -> list[Node]:
    """Return what has changed in a build since a stored release, in the order dbt lists it.

    The build is parsed with the environment's own profile, as the stored release was: a schema or a target of
    another name counts as a change in dbt wherever a project reads `target`.
    """
    dbt = workshop.own_dbt()
    return [node for project in workshop.projects for node in _changed(workshop, dbt(project), project, stored)]


def changed_since(paths: Paths, environment: str, stored: Stored) -> list[Node]:
    """Return what has changed in build/<environment>/ since a stored release."""
    with open_build(paths, environment) as workshop:
        return changed(workshop, stored)


def _changed(workshop: Workshop, dbt: Dbt, project: DbtProject, stored: Stored) -> list[Node]:
    with step(f"dbt project {project.name}: changes since {stored.release}") as notes:
        if project.name not in stored.manifests:
            nodes = [_node(project, row, NEW) for row in _list(dbt, project)]
        else:
            nodes = _modified(dbt, project, workshop.keep_state(project, stored.manifests[project.name]))
        notes.append(f"{len(nodes)} nodes")
        return nodes


def _modified(dbt: Dbt, project: DbtProject, folder: Path) -> list[Node]:
    old = json.loads((folder / "manifest.json").read_bytes())
    before = {key for table in old.values() if isinstance(table, dict) for key in table}
    # Without those tests that dbt adds only because they look at a modified model.
    alone = ("--indirect-selection", "empty")
    own = {row["unique_id"] for row in _list(dbt, project, "--select", "state:modified", "--state", folder, *alone)}
    # A second question only where the first found anything; most often nothing but children is missing.
    rows = _list(dbt, project, "--select", "state:modified+", "--state", folder) if own else []

    def change(key: str) -> str:
        return CHILD if key not in own else MODIFIED if key in before else NEW

    return [_node(project, row, change(row["unique_id"])) for row in rows]


def _node(project: DbtProject, row: dict[str, Any], change: str) -> Node:
    return Node(project.name, row["unique_id"], row["resource_type"], row["original_file_path"], change)


def _list(dbt: Dbt, project: DbtProject, *selection: object) -> list[dict[str, Any]]:
    events = dbt.lenient(project).run(project, "ls", *selection, "--output", "json", "--output-keys", *KEYS)
    rows = [_row(event["info"]["msg"]) for event in events if event["info"]["level"] == "info"]
    return [row for row in rows if row]


def _row(text: str) -> dict[str, Any] | None:
    """Return a listed node; dbt logs other lines, too."""
    try:
        row = json.loads(text)
    except ValueError:
        return None
    return row if isinstance(row, dict) and set(KEYS) <= set(row) else None
