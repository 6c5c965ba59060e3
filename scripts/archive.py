"""A dbt project as one file, the same bytes for the same sources."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack

from scripts.describe import descriptions
from scripts.projects import MADE, DbtProject
from scripts.slices import BUILT, cut, labels

# Where the archived project seems to have been parsed. dbt reads files below its own --project-dir, so any
# constant does; the real staging folder would make every build's bytes differ.
PARSED_IN = "/usr/local/airflow/dbt"
# What differs from one parse to the next, by the key that tells dbt's own records from a user's data: a
# column or a meta key may well be called created_at.
VOLATILE: dict[str, dict[str, Any]] = {
    "unique_id": {"created_at": 0.0},
    "relative_path": {"modification_time": 0.0},
    "dbt_schema_version": {
        "generated_at": "1970-01-01T00:00:00Z",
        "invocation_id": None,
        "invocation_started_at": None,
        "run_started_at": None,
        "user_id": None,
    },
}
# What Cosmos 1.15 reads of a manifest (cosmos/dbt/graph.py); the rest is nine tenths of the bytes.
KEPT = ("config", "fqn", "freshness", "original_file_path", "package_name", "resource_type", "tags")
SLICES = "slices"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def pack(project: DbtProject, folder: Path) -> Path:
    """Write the archive of a parsed project to <folder>/<digest>.zip and return that path.

    It holds the project, its packages, the slim manifest, the same cut into slices, what is shown of each node, how
    many on-run hooks there are, and dbt's partial parse. The digest is the SHA-256 of the file.
    """
    members = dict(read_files(project.folder))
    thin = slim(project.manifest)
    members["manifest.json"], members[f"target/{SLICES}"] = _compact(thin), cut(thin)
    members["target/descriptions.json"] = _compact(descriptions(project.manifest))
    if hooks := count_hooks(project.manifest):
        members["target/hooks.json"] = _compact(hooks)
    members["target/partial_parse.msgpack"] = reproducible(
        (project.folder / "target/partial_parse.msgpack").read_bytes(), project.folder.parent
    )
    return zip_by_content(members, folder)


def zip_by_content(members: dict[str, bytes], folder: Path) -> Path:
    """Write members to <folder>/<digest>.zip and return that path; the digest is the SHA-256 of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "packing.zip"
    _write(temporary, members)
    digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
    return temporary.rename(folder / f"{digest}.zip")


def zip_folder(folder: Path, path: Path) -> None:
    """Write a folder's files to a zip, the same bytes for the same files."""
    _write(path, dict(read_files(folder)))


def read_files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file below a folder, but what dbt and Python make."""
    # Followed, since `dbt deps` links local packages instead of copying them.
    for folder, folders, files in os.walk(root, followlinks=True):
        made = MADE if Path(folder) == root else set()
        folders[:] = sorted(name for name in folders if name not in made | {"__pycache__"})
        for name in files:
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), path.read_bytes()


def _write(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.external_attr = 0o644 << 16
            archive.writestr(info, members[name], zipfile.ZIP_DEFLATED)


def slim(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a manifest that Cosmos reads."""
    kinds = {
        kind: {key: _node(node) for key, node in sorted(manifest.get(kind, {}).items())}
        for kind in ("nodes", "sources", "exposures")
    }
    _settle_tests(kinds["nodes"])
    metadata = {"project_name": manifest["metadata"]["project_name"]}
    for name, label in labels(kinds["nodes"], metadata["project_name"]).items():
        kinds["nodes"][name]["label"] = label
    return {
        "metadata": metadata,
        "selectors": manifest.get("selectors", {}),
        **kinds,
        "unit_tests": _unit_tests(manifest),
    }


def _unit_tests(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the model of each unit test that is enabled."""
    tests = manifest.get("unit_tests", {}).items()
    return {name: test["depends_on"]["nodes"][0] for name, test in sorted(tests) if test["config"].get("enabled", True)}


def count_hooks(manifest: dict[str, Any]) -> dict[str, int]:
    """Return how many hooks of each kind a project and its packages have; a DAG asks whenever it is parsed."""
    hooks = (node for node in manifest["nodes"].values() if node["resource_type"] == "operation")
    return dict(Counter(tag for hook in hooks for tag in hook["tags"]))


def _node(node: dict[str, Any]) -> dict[str, Any]:
    # Two thirds of a node's config are what dbt takes anyway; a parse would hold them for each node.
    kept = _said({key: _said(node[key]) if key == "config" else node[key] for key in KEPT if key in node})
    if table := _table(node):
        kept["relation"] = table
    # A copy, since tests are settled below.
    return {**kept, "depends_on": {"nodes": list(node.get("depends_on", {}).get("nodes", []))}}


def _table(node: dict[str, Any]) -> str | None:
    parts = [node.get("database"), node.get("schema"), node.get("alias") or node.get("name")]
    made = node["resource_type"] in BUILT and node.get("config", {}).get("materialized") != "ephemeral"
    return ".".join(map(str, parts)) if made and all(parts) else None


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in (None, [], {})}


def _settle_tests(nodes: dict[str, dict[str, Any]]) -> None:
    """Let a test of several nodes belong to the last of them.

    Cosmos hangs it on each: a test of `orders` against `customers` would hold back all that follows
    `customers` until `orders` is built and tested, which is neither what dbt does nor, after a failure, right.
    """
    ancestors: dict[str, set[str]] = {}
    for node in nodes.values():
        if node["resource_type"] == "test":
            parents = node["depends_on"]["nodes"]
            above = set().union(*(_ancestors(parent, nodes, ancestors) for parent in parents))
            node["depends_on"]["nodes"] = [parent for parent in parents if parent not in above]


def _ancestors(name: str, nodes: dict[str, dict[str, Any]], known: dict[str, set[str]]) -> set[str]:
    if name not in known:
        parents = nodes.get(name, {"depends_on": {"nodes": []}})["depends_on"]["nodes"]
        known[name] = set(parents).union(*(_ancestors(parent, nodes, known) for parent in parents))
    return known[name]


def full_manifest(project: DbtProject) -> bytes:
    """Return a parsed project's whole manifest, gzipped: the same bytes for the same sources.

    dbt's state:modified reads it.
    """
    return gzip.compress(_compact(settled(project)), mtime=0)


def settled(project: DbtProject) -> dict[str, Any]:
    """Return a parsed project's manifest without times, run ids and the folder it was made in."""
    return dict(_settled(project.manifest, str(project.folder.parent)))


def _compact(table: dict[str, Any]) -> bytes:
    return json.dumps(table, sort_keys=True, separators=(",", ":")).encode()


def reproducible(parse: bytes, parsed_in: Path) -> bytes:
    """Return dbt's partial parse without times, run ids and the folder it was made in.

    dbt compares checksums, versions and the profile's hash, never these (dbt 1.11, parser/manifest.py).
    """
    table = msgpack.unpackb(parse, strict_map_key=False, raw=False)
    return bytes(msgpack.packb(_settled(table, str(parsed_in)), use_bin_type=True))


def _settled(value: Any, parsed_in: str) -> Any:
    if isinstance(value, dict):
        fixed = {key: constant for mark, keys in VOLATILE.items() if mark in value for key, constant in keys.items()}
        return {key: fixed[key] if key in fixed else _settled(item, parsed_in) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item, parsed_in) for item in value]
    if isinstance(value, str) and value.startswith(parsed_in):
        return PARSED_IN + value.removeprefix(parsed_in)
    return value
