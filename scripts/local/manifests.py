"""What a build knows of its dbt nodes: where they keep rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from scripts.bundle import KEPT_FILES
from scripts.release import read_record
from scripts.slices import labels

KEPT = ("table", "incremental", "snapshot", "seed")


def read_relations(build: Path) -> dict[str, str]:
    """Return <project>.<node> → relation, of the nodes of a build that keep rows."""
    relations: dict[str, str] = {}
    for project, made in read_record(build)["projects"].items():
        manifest = json.loads(gzip.decompress((build / KEPT_FILES / made["manifest"]).read_bytes()))
        shared = labels(manifest["nodes"], manifest["metadata"]["project_name"])
        for node in manifest["nodes"].values():
            if node.get("relation_name") and node["config"].get("materialized") in KEPT:
                # As Cosmos names the task: a version or a dot in the name becomes an underscore.
                name = shared.get(node["unique_id"]) or node["unique_id"].split(".", 2)[2].replace(".", "_")
                relations[f"{project}.{name}"] = node["relation_name"]
    return relations
