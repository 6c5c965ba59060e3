"""What a build knows of its dbt nodes: where they keep rows, and which tests look at them."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from scripts.bundle import KEPT_FILES
from scripts.release import read_record

KEPT = ("table", "incremental", "snapshot", "seed")


@dataclass(frozen=True)
class Manifests:
    """`relations`: <project>.<node> → relation of what keeps rows; `tests`: node id → ids of its tests."""

    relations: dict[str, str]
    tests: dict[str, list[str]]


def read_manifests(build: Path) -> Manifests:
    """Return what the manifests of a build say."""
    relations: dict[str, str] = {}
    tests: dict[str, list[str]] = defaultdict(list)
    for project, made in read_record(build)["projects"].items():
        manifest = json.loads(gzip.decompress((build / KEPT_FILES / made["manifest"]).read_bytes()))
        for node in (*manifest["nodes"].values(), *manifest.get("unit_tests", {}).values()):
            if node["resource_type"] in ("test", "unit_test"):
                for tested in node["depends_on"]["nodes"]:
                    tests[tested].append(node["unique_id"])
            elif node.get("relation_name") and node["config"].get("materialized") in KEPT:
                # As Cosmos names the task: a version or a dot in the name becomes an underscore.
                name = node["unique_id"].split(".", 2)[2].replace(".", "_")
                relations[f"{project}.{name}"] = node["relation_name"]
    return Manifests(relations, tests)
