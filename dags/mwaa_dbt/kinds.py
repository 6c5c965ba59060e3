"""Which of Cosmos' operators a task of a dbt group is, by how the group runs dbt and where its tests are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from airflow.providers.standard.operators.empty import EmptyOperator
from cosmos.constants import PRODUCER_WATCHER_TASK_ID as PRODUCER
from cosmos.constants import DbtResourceType
from cosmos.dbt.graph import DbtNode
from cosmos.operators.local import (
    DbtBuildLocalOperator,
    DbtRunLocalOperator,
    DbtSeedLocalOperator,
    DbtSnapshotLocalOperator,
    DbtTestLocalOperator,
)
from cosmos.operators.watcher import (
    DbtProducerWatcherOperator,
    DbtRunWatcherOperator,
    DbtSeedWatcherOperator,
    DbtSnapshotWatcherOperator,
    DbtTestWatcherOperator,
)

from mwaa_dbt.airflow_sdk import BaseOperator, TriggerRule
from mwaa_dbt.arguments import FULL_REFRESH
from mwaa_dbt.nodes import Selection
from mwaa_dbt.settings import runtime
from mwaa_dbt.tell import telling
from mwaa_dbt.tested import is_tried
from mwaa_dbt.watch import OthersWatcher, RunWatcher, SeedWatcher, SnapshotWatcher, TestWatcher
from mwaa_dbt.watched import OTHERS
from mwaa_dbt.wish import Wish

# A node's task leaves a test alone that also needs what is built later, or elsewhere.
BUILDABLE = "buildable"
# `dbt run` knows no unit tests; `dbt build` runs those of the model first, and builds nothing if one fails.
WITH_UNIT_TESTS = ("build", "--exclude-resource-type", "test")
BUILD = ("build", "--indirect-selection", BUILDABLE)
WATCHERS = {
    DbtResourceType.MODEL: RunWatcher,
    DbtResourceType.SEED: SeedWatcher,
    DbtResourceType.SNAPSHOT: SnapshotWatcher,
}
STOCK_WATCHERS = {
    DbtResourceType.MODEL: DbtRunWatcherOperator,
    DbtResourceType.SEED: DbtSeedWatcherOperator,
    DbtResourceType.SNAPSHOT: DbtSnapshotWatcherOperator,
}
LOCALS = {
    DbtResourceType.MODEL: DbtRunLocalOperator,
    DbtResourceType.SEED: DbtSeedLocalOperator,
    DbtResourceType.SNAPSHOT: DbtSnapshotLocalOperator,
}
# Before any sum of its watching tasks' priorities (Airflow's rule "downstream"): they would fill all slots first.
FIRST = {"priority_weight": 1_000_000, "weight_rule": "absolute"}
ONCE = {"retries": 0, "trigger_rule": TriggerRule.NONE_FAILED}
NO_TESTS = ["--resource-type", "model", "--resource-type", "seed", "--resource-type", "snapshot"]


class Kind(NamedTuple):
    """An operator with what all its tasks of a group share.

    Args:
        operator: its class.
        command: dbt's, where it is not the operator's own.
        arguments: of its constructor, as pairs.
        watches: the label of the task whose dbt it watches.
        tests_only: whether it is for a node's tests, not for the node.
    """

    operator: type
    command: tuple[str, ...] = ()
    arguments: tuple[tuple[str, Any], ...] = ()
    watches: str = ""
    tests_only: bool = False

    @property
    def runs_dbt(self) -> bool:
        """Whether the task may run dbt."""
        return self.operator is not EmptyOperator

    def new(self, arguments: Mapping[str, Any]) -> BaseOperator:
        """Return a task of this kind."""
        task: BaseOperator = self.operator(**arguments)
        if self.command:
            task.base_cmd = list(self.command)
        return task


def node_kind(wish: Wish, node: DbtNode, selection: Selection) -> Kind:
    """Return what builds, or watches, one node; nothing has to be done for an ephemeral one that nothing tests."""
    name = node.unique_id
    inside = {"build": selection.tests[name], "after_each": selection.unit_tests(name)}
    if node.has_ephemeral_materialization and not inside.get(wish.tests):
        return Kind(EmptyOperator, arguments=(("trigger_rule", TriggerRule.NONE_FAILED),))
    return _node_kind(wish, node.resource_type)


@cache
def _node_kind(wish: Wish, resource: DbtResourceType) -> Kind:
    refresh = (("full_refresh", FULL_REFRESH),)
    if wish.execution == "local" and wish.tests == "build":
        return Kind(telling(DbtBuildLocalOperator), arguments=(*refresh, *_choice(wish)))
    if wish.execution == "local":
        return Kind(telling(LOCALS[resource]), _command(wish, resource), refresh)
    watchers = WATCHERS if is_tried() else STOCK_WATCHERS
    return Kind(watchers[resource], _command(wish, resource), (*refresh, *_poll()), PRODUCER)


@cache
def tests_kind(wish: Wish) -> Kind:
    """Return what runs, or watches, the tests of one node in a task of their own."""
    once = (("retries", 0),)
    if wish.execution == "local":
        return Kind(telling(DbtTestLocalOperator), arguments=(*once, *_choice(wish)), tests_only=True)
    watcher = TestWatcher if is_tried() else DbtTestWatcherOperator
    return Kind(watcher, arguments=(*once, *_poll()), watches=PRODUCER, tests_only=True)


def producer(wish: Wish) -> tuple[type, dict[str, Any]]:
    """Return the producer's operator and what is its own of arguments."""
    own: dict[str, Any] = {"exclude": wish.excluded, "trigger_rule": TriggerRule.NONE_FAILED}
    if wish.tests in ("after_all", "none"):
        own["dbt_cmd_flags"] = NO_TESTS
    from mwaa_dbt.produce import Producer  # the only task that needs it

    kind = Producer if is_tried() else DbtProducerWatcherOperator
    # A producer that failed is skipped on its second try, and its models then run one by one on their own
    # retries; without that try the run could not turn green again (Cosmos 1.15.1, watcher.py).
    return kind, {**own, **FIRST, "retries": 1, "retry_delay": timedelta(0)}


def others(wish: Wish, producer_task: str) -> tuple[type, dict[str, Any]]:
    """Return the operator of the tests that belong to no one node, and what is its own of arguments."""
    if wish.execution == "local" or not is_tried():
        return tests_after_all(wish)
    context = {"dbt_node_config": {"unique_id": OTHERS}}
    return OthersWatcher, {**ONCE, **dict(_poll()), "extra_context": context, "producer_task_id": producer_task}


def tests_after_all(wish: Wish) -> tuple[type, dict[str, Any]]:
    """Return the operator of one task for many tests, and what is its own of arguments."""
    return telling(DbtTestLocalOperator), {**ONCE, "exclude": wish.excluded}


def _command(wish: Wish, resource: DbtResourceType) -> tuple[str, ...]:
    if wish.tests == "build":
        return (*BUILD, *(("--exclude", *wish.exclude) if wish.exclude else ()))
    return WITH_UNIT_TESTS if wish.tests == "after_each" and resource == DbtResourceType.MODEL else ()


def _choice(wish: Wish) -> tuple[tuple[str, Any], ...]:
    return (("indirect_selection", BUILDABLE), ("exclude", wish.excluded))


def _poll() -> tuple[tuple[str, Any], ...]:
    return (("poke_interval", runtime().environment.tasks.poll),)
