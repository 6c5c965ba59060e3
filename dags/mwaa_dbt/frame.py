"""All tasks of a dbt group: its nodes, what chooses and checks before them, and what is told after them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from cosmos.constants import PRODUCER_WATCHER_TASK_ID
from cosmos.operators.local import DbtSourceLocalOperator

from mwaa_dbt import finish
from mwaa_dbt.after_all import AfterAll
from mwaa_dbt.airflow_sdk import BaseOperator, TaskGroup, TriggerRule, chain
from mwaa_dbt.arguments import FULL_REFRESH, common, retries
from mwaa_dbt.assets import of_relation
from mwaa_dbt.describe import describe
from mwaa_dbt.finish import FinishOperator
from mwaa_dbt.hooks import HooksOperator, has_hooks
from mwaa_dbt.kinds import others, producer, tests_after_all
from mwaa_dbt.nodes import Selection
from mwaa_dbt.project import Unpacked
from mwaa_dbt.render import Renderer, task_ids
from mwaa_dbt.select import TESTS, SelectOperator, selector
from mwaa_dbt.tell import telling
from mwaa_dbt.watched import OTHERS, tests_per_model, watched
from mwaa_dbt.wish import Wish

SELECT, FRESHNESS, DONE = "dbt_select", "dbt_freshness", "dbt_done"
START, END, END_DONE = "dbt_on_run_start", "dbt_on_run_end", "dbt_on_run_end_done"
FIRST = (SELECT, START, FRESHNESS)
LAST = (DONE, END, END_DONE, finish.TASK)
# What these do does not depend on which nodes there are.
ALIKE = (START, *LAST)

type Make = Callable[[], BaseOperator]


@dataclass(frozen=True)
class Frame:
    """Makes a group's tasks, all of them or one.

    Args:
        group: the task group, empty.
        release: the project.
        wish: what the DAG file asks for.
    """

    group: TaskGroup
    release: Unpacked
    wish: Wish

    def make(self, selection: Selection) -> None:
        """Make all tasks of the group and join them."""
        made = self.nodes(selection)
        describe(self.release, made)
        nodes = [task for tasks in made.values() for task in tasks]
        around = {label: make() for label, make in self._makers(selection).items()}
        for label in (OTHERS, self._after_all):
            if label in around:
                nodes >> around[label]
        within = [*(task for label, task in around.items() if label not in (*FIRST, *LAST)), *nodes]
        first = [around[label] for label in FIRST if label in around]
        chain(*first, [task for task in within if not task.upstream_task_ids])
        self._close(within, around)

    def nodes(self, selection: Selection) -> dict[str, list[BaseOperator]]:
        """Make the tasks of nodes, and return them by unique id."""
        renderer = Renderer(self.group, self.wish, {**self._common, **self._again})
        renderer.render(selection)
        return renderer.tasks

    def one(self, label: str, selection: Callable[[], Selection]) -> None:
        """Make a task that is no node's; nothing if the group has none of that label."""
        found = Selection({}, {}) if label in ALIKE else selection()
        if make := self._makers(found).get(label):
            make()

    def _close(self, within: list[BaseOperator], around: Mapping[str, BaseOperator]) -> None:
        """Join what comes after all nodes: what the run is judged by, and what is done whatever has failed.

        The latter are teardowns, which do not count when Airflow judges a run: a last task that always succeeds would
        turn every failed run green, as would a teardown that may fail the run (on_failure_fail_dagrun), for it counts
        instead of the nodes before it. A failed hook counts by a task of its own behind it.

        They hang on each task, not on the last ones: where `select` skips those, they would come too early, and a
        failure before them would not count.
        """
        last = around[finish.TASK]
        within >> around[DONE]
        if END not in around:
            within >> last
            return
        hooks = around[END]
        within >> hooks
        hooks >> [last, around[END_DONE]]

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of tasks that are no node's."""
        return (*FIRST, *LAST, PRODUCER_WATCHER_TASK_ID, OTHERS, self._after_all)

    @cached_property
    def _common(self) -> dict[str, Any]:
        return common(self.group, self.release)

    @cached_property
    def _again(self) -> dict[str, Any]:
        # A node that the trigger form leaves out is skipped; what depends on it must still run.
        return {"trigger_rule": TriggerRule.NONE_FAILED, **retries(self.group.dag)}

    @property
    def _after_all(self) -> str:
        return f"{self.release.name}_test"

    @property
    def _chosen(self) -> str:
        """Jinja for what a run's `select`, or the group's, comes to."""
        return f"{{{{ ti.xcom_pull(task_ids='{self.group.child_id(SELECT)}') }}}}"

    def _makers(self, selection: Selection) -> dict[str, Make]:
        """Return how to make each task that is no node's, in the order in which they shall stand."""
        makers: dict[str, Make | None] = {
            PRODUCER_WATCHER_TASK_ID: partial(self._producer, selection) if self._watches else None,
            OTHERS: partial(self._others, selection) if selection.others and self._tested else None,
            self._after_all: partial(self._all_tests, selection) if self.wish.tests == "after_all" else None,
            SELECT: partial(self._select, selection),
            START: partial(self._hooks, "start") if has_hooks(self.release.folder, "start") else None,
            FRESHNESS: partial(self._freshness, selection) if self.wish.freshness and selection.sources else None,
            DONE: partial(self._empty, DONE),
            END: partial(self._hooks, "end") if has_hooks(self.release.folder, "end") else None,
            END_DONE: partial(self._empty, END_DONE) if has_hooks(self.release.folder, "end") else None,
            finish.TASK: self._finish,
        }
        return {label: make for label, make in makers.items() if make}

    @property
    def _watches(self) -> bool:
        return self.wish.execution == "watcher"

    @property
    def _tested(self) -> bool:
        return self.wish.tests in ("build", "after_each")

    def _new(self, operator: type, label: str, /, **arguments: Any) -> BaseOperator:
        place = {"task_id": label, "task_group": self.group, "dag": self.group.dag}
        task: BaseOperator = operator(**{**self._common, **place, **arguments})
        return task

    def _empty(self, label: str) -> BaseOperator:
        return EmptyOperator(
            task_id=label, task_group=self.group, dag=self.group.dag, trigger_rule=TriggerRule.NONE_FAILED
        )

    def _producer(self, selection: Selection) -> BaseOperator:
        kind, arguments = producer(self.wish)
        task = self._new(kind, PRODUCER_WATCHER_TASK_ID, select=self._chosen, full_refresh=FULL_REFRESH, **arguments)
        fields = watched(selection, self.wish)
        # The second is what Cosmos' own producer goes by.
        vars(task).update(watched=fields, tests_per_model=tests_per_model(fields))
        return task

    def _others(self, selection: Selection) -> BaseOperator:
        """Make the task of the tests that belong to no one node; Cosmos has none, so a failure would be green."""
        kind, arguments = others(self.wish, self.group.child_id(PRODUCER_WATCHER_TASK_ID))
        chosen = f"ti.xcom_pull(task_ids='{self.group.child_id(SELECT)}', key='{TESTS}')"
        return self._new(kind, OTHERS, select=f"{{{{ {chosen} or '{' '.join(_names(selection))}' }}}}", **arguments)

    def _all_tests(self, selection: Selection) -> BaseOperator:
        _, arguments = tests_after_all(self.wish)
        tables = {name: of_relation(table) for name, table in selection.relations.items() if name in selection.built}
        outlets = list(tables.values())
        task = self._new(AfterAll, self._after_all, select=self._chosen, outlets=outlets, **arguments)
        vars(task)["assets"] = {selector(name): table for name, table in tables.items()}
        return task

    def _select(self, selection: Selection) -> BaseOperator:
        tasks = task_ids(self.group, self.wish, selection)
        if self._tested:
            tasks |= {test: [self.group.child_id(OTHERS)] for test in selection.others}
        chosen = list(self.wish.select)
        # What the producer's dbt does not test, nobody would.
        if chosen and self._watches and self._tested:
            chosen += _names(selection)
        about = {"group_select": chosen, "exclude": self.wish.excluded}
        task = self._new(telling(SelectOperator), SELECT, **about, **retries(self.group.dag))
        vars(task)["tasks"] = tasks
        return task

    def _hooks(self, kind: str) -> BaseOperator:
        results = partial(_results, str(self.group.group_id)) if kind == "end" else None
        arguments = {"kind": kind, "results": results, "full_refresh": FULL_REFRESH, "retries": 0}
        chosen = {"select": self._chosen, "exclude": self.wish.excluded}
        task = self._new(telling(HooksOperator), END if kind == "end" else START, **arguments, **chosen)
        if kind == "end":
            task.as_teardown()
        return task

    def _freshness(self, selection: Selection) -> BaseOperator:
        # source.<package>.<source>.<table>
        sources = " ".join("source:" + source.split(".", 1)[1] for source in selection.sources)
        kind = telling(DbtSourceLocalOperator)
        return self._new(kind, FRESHNESS, select=sources, exclude=self.wish.excluded, **self._again)

    def _finish(self) -> BaseOperator:
        names = {"project": self.release.name, "release": self.release.release, "group": str(self.group.group_id)}
        task = FinishOperator(**names, retries=0, task_group=self.group, dag=self.group.dag)
        task.as_teardown()
        return task


def _names(selection: Selection) -> list[str]:
    """Return the other tests as dbt's selection names them."""
    return sorted(map(selector, selection.others))


def _results(group: str, context: Any) -> list[dict[str, Any]]:
    from mwaa_dbt import archive  # the only task that needs these
    from mwaa_dbt.results import started

    ti = context["ti"]
    invocations = archive.read(ti.dag_id, ti.run_id, group, archive.RAW)
    # Of several with one node the last begun counts; what dbt skipped, it never began.
    return sorted((result for one in invocations for result in one["results"]), key=started)
