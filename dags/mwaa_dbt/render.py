"""dbt nodes as Airflow tasks: of each kind Cosmos makes one, and the others are copies of it."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos.constants import DbtResourceType
from cosmos.dbt.graph import DbtNode

from mwaa_dbt.airflow_sdk import Asset, BaseOperator, ParamsDict, TaskGroup, chain
from mwaa_dbt.assets import of_relation
from mwaa_dbt.kinds import Kind, node_kind, tests_kind
from mwaa_dbt.nodes import Selection
from mwaa_dbt.wish import Wish

TEST = "test"
CHANGEABLE = (dict, list, ParamsDict)
COMMAND = {DbtResourceType.MODEL: "run", DbtResourceType.SEED: "seed", DbtResourceType.SNAPSHOT: "snapshot"}


def paths(wish: Wish, node: DbtNode, selection: Selection) -> list[tuple[str, ...]]:
    """Return the path of each of a node's tasks below its group: folders, and for two tasks the node's name, too."""
    parts = Path(node.original_file_path).parts[1:-1] if wish.folders else ()
    folders = parts[:1] if wish.folders == "layer" else parts
    own = (*folders, selection.label(node))
    if wish.tests == "after_each" and selection.data_tests(node.unique_id):
        return [(*own, COMMAND[node.resource_type]), (*own, TEST)]
    return [own]


def task_ids(group: TaskGroup, wish: Wish, selection: Selection) -> dict[str, list[str]]:
    """Return the ids of the tasks of each node."""
    return {
        name: [".".join((str(group.group_id), *path)) for path in paths(wish, node, selection)]
        for name, node in selection.built.items()
    }


@dataclass
class Renderer:
    """Makes the tasks of a group's nodes.

    Args:
        group: where they go.
        wish: what the DAG file asks for.
        common: arguments that all of Cosmos' operators get.
    """

    group: TaskGroup
    wish: Wish
    common: Mapping[str, Any]
    tasks: dict[str, list[BaseOperator]] = field(default_factory=lambda: defaultdict(list))
    _groups: dict[tuple[str, ...], TaskGroup] = field(default_factory=dict)
    _first: dict[tuple[Kind, str], BaseOperator] = field(default_factory=dict)

    def render(self, selection: Selection) -> None:
        """Make the tasks of nodes, and join them as dbt's graph does."""
        for name, node in selection.built.items():
            built, *after = paths(self.wish, node, selection)
            outlets = self._outlets(name, selection)
            kind = node_kind(self.wish, node, selection)
            self.tasks[name].append(self._make(node, built, kind, [] if after else outlets))
            for path in after:
                self.tasks[name].append(self._make(node, path, tests_kind(self.wish), outlets))
                chain(*self.tasks[name])
        for name, node in selection.built.items():
            for parent in node.depends_on:
                if parent in self.tasks:
                    self.tasks[parent][-1] >> self.tasks[name][0]

    def _outlets(self, name: str, selection: Selection) -> list[Asset]:
        """Return what the last task of a node tells of; of tests after all nodes their one task tells."""
        known = name in selection.relations and self.wish.tests != "after_all"
        return [of_relation(selection.relations[name])] if known else []

    def _make(self, node: DbtNode, path: tuple[str, ...], kind: Kind, outlets: list[Asset]) -> BaseOperator:
        group = self._group(path[:-1])
        place = {"task_id": path[-1], "task_group": group, "dag": group.dag}
        if not kind.runs_dbt:
            return kind.new({**place, **dict(kind.arguments)})
        asked = {"select": _selector(node, kind), "extra_context": _context(node, self.group)}
        own: dict[str, Any] = {**asked, "outlets": outlets, **_owner(node)}
        special = {**_overridden(node, self.common), **node.operator_kwargs_to_override}
        first = self._first.get((kind, node.owner))
        if first and not special:
            return _copy(first, group, group.child_id(path[-1]), {**own, "model_unique_id": node.unique_id})
        task = kind.new({**self.common, **dict(kind.arguments), **self._producer(kind), **place, **own, **special})
        if not special:
            self._first[kind, node.owner] = task
        return task

    def _producer(self, kind: Kind) -> dict[str, str]:
        return {"producer_task_id": self.group.child_id(kind.watches)} if kind.watches else {}

    def _group(self, path: tuple[str, ...]) -> TaskGroup:
        if not path:
            return self.group
        if path not in self._groups:
            parent = self._group(path[:-1])
            self._groups[path] = TaskGroup(group_id=path[-1], parent_group=parent, dag=parent.dag)
        return self._groups[path]


def _copy(first: BaseOperator, group: TaskGroup, task_id: str, own: Mapping[str, Any]) -> BaseOperator:
    """Return another task like the first of its kind: a constructor of Cosmos' takes a millisecond."""
    task = copy.copy(first)
    fields = vars(task)
    fields.update({name: value for name, value in own.items() if name in fields})
    # What a DAG file does to one task must not reach the others.
    fields.update({name: copy.copy(value) for name, value in fields.items() if type(value) in CHANGEABLE})
    fields.update(task_id=task_id, upstream_task_ids=set(), downstream_task_ids=set(), _dag=None, task_group=None)
    group.add(task)
    group.dag.add_task(task)
    return task


def _selector(node: DbtNode, kind: Kind) -> str:
    # As Cosmos asks: a node by its path, its tests by its name.
    return node.resource_name if kind.tests_only or not node.fqn else f"fqn:{'.'.join(node.fqn)}"


def _context(node: DbtNode, group: TaskGroup) -> dict[str, Any]:
    about = {"unique_id": node.unique_id, "resource_type": node.resource_type.value, "depends_on": node.depends_on}
    return {
        "dbt_node_config": {**about, "tags": node.tags, "config": node.config},
        "dbt_dag_task_group_identifier": f"{group.dag.dag_id}__{group.group_id}",
        "package_name": node.package_name,
    }


def _owner(node: DbtNode) -> dict[str, str]:
    return {"owner": node.owner} if node.owner else {}


def _overridden(node: DbtNode, common: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile of a node whose meta.cosmos.profile_config asks for another one."""
    if not (wanted := dict(node.profile_config_to_override)):
        return {}
    profile = copy.deepcopy(common["profile_config"])
    for name, value in wanted.pop("profile_mapping", {}).items():
        setattr(profile.profile_mapping, name, value)
    for name, value in wanted.items():
        setattr(profile, name, value)
    return {"profile_config": profile}
