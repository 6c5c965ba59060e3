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
    return b"".join(sorted(_line(built[name].get("label") or _name(name), part) for name, part in parts))


def labels(nodes: Mapping[str, Mapping[str, Any]], project: str) -> dict[str, str]:
    """Return the names of the tasks of packages' nodes that are called as another node, which dbt allows.

    The project's own keeps its name, others have their package's before it.
    """
    called = defaultdict(list)
    for name, node in nodes.items():
        if node["resource_type"] in BUILT:
            called[_name(name)].append(name)
    shared = (name for names in called.values() if len(names) > 1 for name in names)
    return {name: f"{name.split('.')[1]}__{_name(name)}" for name in shared if name.split(".")[1] != project}


def called(nodes: Mapping[str, Mapping[str, Any]], project: str) -> dict[str, str]:
    """Return the names of the tasks of a project's nodes, without what stands around them."""
    shared = labels(nodes, project)
    return {name: shared.get(name) or _name(name) for name, node in nodes.items() if node["resource_type"] in BUILT}


def _name(unique_id: str) -> str:
    # As Cosmos names a task: without kind and package, a version's dot made an underscore.
    return unique_id.split(".", 2)[2].replace(".", "_")


def _line(name: str, part: Mapping[str, Any]) -> bytes:
    return f"{name}\t{json.dumps(part, sort_keys=True, separators=(',', ':'))}\n".encode()
