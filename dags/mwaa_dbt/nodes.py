"""The nodes of a dbt project as Airflow will show them: what is built, and which tests belong to it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from cosmos.constants import DbtResourceType
from cosmos.dbt.graph import DbtNode
from cosmos.dbt.selector import select_nodes

UNIT_TEST = "unit_test."
BUILT = (DbtResourceType.MODEL, DbtResourceType.SEED, DbtResourceType.SNAPSHOT)

type Nodes = dict[str, DbtNode]


class Selection(NamedTuple):
    """What a group shows, in the manifest's order.

    Args:
        built: models, seeds and snapshots.
        tests: the tests of each of them, unit tests too; those that also need another node are in `others`.
        others: tests that belong to no one node of the group: of several, of sources, of none.
        sources: what is read but not built here.
        labels: what a task is called, if not as its node.
        relations: <database>.<schema>.<table> of each node that becomes one.
    """

    built: Nodes
    tests: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    labels: Mapping[str, str] = MappingProxyType({})
    relations: Mapping[str, str] = MappingProxyType({})

    def label(self, node: DbtNode) -> str:
        """Return what the task of a node is called."""
        return self.labels.get(node.unique_id) or str(node.name)

    def unit_tests(self, node: str) -> tuple[str, ...]:
        """Return the tests that dbt runs before it builds a node."""
        return tuple(test for test in self.tests[node] if test.startswith(UNIT_TEST))

    def data_tests(self, node: str) -> tuple[str, ...]:
        """Return the tests of what a node has become."""
        return tuple(test for test in self.tests[node] if not test.startswith(UNIT_TEST))


class Project(NamedTuple):
    """All nodes of a slim manifest, the models of its unit tests, names of tasks not called as nodes, and tables."""

    nodes: Nodes
    unit_tests: Mapping[str, str]
    labels: Mapping[str, str]
    relations: Mapping[str, str]


@cache
def read_project(folder: Path) -> Project:
    """Return a project's nodes.

    Its manifest is read once in a process, whatever the number of groups; Cosmos reads it for each (#2294).
    """
    return as_project(json.loads((folder / "manifest.json").read_bytes()), folder)


def as_project(manifest: Mapping[str, Any], folder: Path) -> Project:
    """Return the nodes of a slim manifest, or of a part of one."""
    own = manifest["metadata"]["project_name"]
    found = {**manifest["nodes"], **manifest.get("sources", {}), **manifest.get("exposures", {})}
    nodes = {name: _node(name, about, folder, own) for name, about in found.items() if about.get("original_file_path")}
    labels = {name: about["label"] for name, about in manifest["nodes"].items() if "label" in about}
    relations = {name: about["relation"] for name, about in manifest["nodes"].items() if "relation" in about}
    return Project(nodes, manifest.get("unit_tests", {}), labels, relations)


def _node(name: str, about: Mapping[str, Any], folder: Path, own: str) -> DbtNode:
    package = about.get("package_name")
    return DbtNode(
        unique_id=name,
        resource_type=DbtResourceType(about["resource_type"]),
        depends_on=about["depends_on"]["nodes"],
        path_base=folder if package in (None, own) else folder / "dbt_packages" / str(package),
        original_file_path=Path(about["original_file_path"]),
        package_name=package,
        tags=about.get("tags", []),
        config=about.get("config", {}),
        fqn=about.get("fqn"),
    )


def choose(project: Project, folder: Path, select: Iterable[str] | None, exclude: Iterable[str] | None) -> Selection:
    """Return what a selection of a project names, by Cosmos' understanding of dbt's syntax."""
    chosen = project.nodes
    if select or exclude:
        # The selector gives tests the tags of what they test.
        fresh = {name: replace(node, tags=list(node.tags)) for name, node in project.nodes.items()}
        chosen = select_nodes(folder, fresh, list(select or []), list(exclude or []))
    # The selector's own order is that of a set: another in each process.
    return attach(project, {name: node for name, node in project.nodes.items() if name in chosen and is_built(node)})


def attach(project: Project, built: Nodes) -> Selection:
    """Return built nodes with their tests."""
    tests: dict[str, list[str]] = defaultdict(list)
    for test, model in project.unit_tests.items():
        tests[model].append(test)
    others = []
    read = {parent for node in built.values() for parent in node.depends_on if parent not in built}
    whole = len(built) == sum(map(is_built, project.nodes.values()))
    for name, node in project.nodes.items():
        if node.resource_type == DbtResourceType.TEST:
            parents = node.depends_on
            if len(parents) == 1 and parents[0] in built:
                tests[parents[0]].append(name)
            elif any(one in built or one in read for one in parents) or (whole and not parents):
                others.append(name)
    own = {name: tuple(tests.get(name, ())) for name in built}
    sources = tuple(one for one in sorted(read) if one.startswith("source."))
    return Selection(built, own, tuple(others), sources, project.labels, project.relations)


def is_built(node: DbtNode) -> bool:
    """Say whether dbt makes a table or view of it, or inlines it."""
    return node.resource_type in BUILT
