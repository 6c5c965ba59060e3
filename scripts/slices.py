"""A project's slim manifest cut into one part per task, so that a task reads no more than its own."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

BUILT = ("model", "seed", "snapshot")


def cut(manifest: Mapping[str, Any]) -> bytes:
    r"""Return the sorted lines that mwaa_dbt.slices finds a name in: `<name>\t<a slim manifest as JSON>`.

    Each has one node that dbt builds, and the tests that need it.
    """
    tests: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, node in manifest["nodes"].items():
        if node["resource_type"] == "test":
            for parent in node["depends_on"]["nodes"]:
                tests[parent][name] = node
    unit_tests: dict[str, dict[str, str]] = defaultdict(dict)
    for name, model in manifest["unit_tests"].items():
        unit_tests[model][name] = model
    built = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT}
    parts = (
        (name, {"metadata": manifest["metadata"], "nodes": {name: node, **tests[name]}, "unit_tests": unit_tests[name]})
        for name, node in built.items()
    )
    return b"".join(sorted(_line(name, part) for name, part in parts))


def _line(unique_id: str, part: Mapping[str, Any]) -> bytes:
    # As Cosmos names a task: without kind and package, a version's dot made an underscore.
    name = unique_id.split(".", 2)[2].replace(".", "_")
    return f"{name}\t{json.dumps(part, sort_keys=True, separators=(',', ':'))}\n".encode()
