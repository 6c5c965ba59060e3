"""What a running dbt has done so far, from the lines of its log; their shape is that of dbt 1.11.16."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_dbt.progress import End, Progress, verdict
from mwaa_dbt.states import FAILED

type Line = tuple[str, str | None, str | None]
type Told = list[tuple[str, str]]
ORDERS, ITEMS, TEST = "model.shop.orders", "model.shop.items", "test.shop.unique_orders_id.1a2b"
# What dbt said of a project with a model of three batches, of which the second fails, and a broken ephemeral one.
BATCHES: list[Line] = [
    ("MainReportVersion", None, None),
    ("LogStartLine", "model.shop.src", "started"),
    ("LogSkipBecauseError", None, None),
    ("RunResultError", "model.shop.eph", None),
    ("SkippingDetails", "test.shop.not_null_uses_eph_id.7c", "skipped"),
    ("LogModelResult", "model.shop.src", "success"),
    ("LogStartLine", "model.shop.mb", "started"),
    ("LogStartBatch", "model.shop.mb", "started"),
    ("LogBatchResult", "model.shop.mb", "success"),
    ("GenericExceptionOnRun", "model.shop.mb", "executing"),
    ("LogBatchResult", "model.shop.mb", "error"),
    ("LogBatchResult", "model.shop.mb", "success"),
    ("LogModelResult", "model.shop.mb", "partial success"),
    ("SkippingDetails", "test.shop.not_null_mb_id.de", "skipped"),
    ("SkippingDetails", "model.shop.after", "skipped"),
    ("StatsLine", None, None),
]


def event(name: str, node: str | None = None, status: str | None = None) -> dict[str, Any]:
    """Return a line of dbt's JSON log, parsed."""
    info = {"name": name, "level": "info", "msg": "…", "ts": "2026-11-21T06:27:40.329552Z", "code": "Q034"}
    about = {"unique_id": node, "node_status": status, "resource_type": "model", "node_path": "x.sql"}
    return {"data": {"index": 1, **({"node_info": about} if node else {})}, "info": info}


def follow(progress: Progress, lines: Iterable[Line]) -> Told:
    """Return the tasks that lines end, in order, each with its status."""
    ends = [end for line in lines if (end := progress.read(event(*line)))]
    return [(task, verdict(found)) for end in ends for task, found in progress.closed(end.node)]


def test_task_is_told_when_all_has_ended() -> None:
    """A task's one message comes with the last of what it stands for, and has the ends of all."""
    progress = Progress({ORDERS: (ORDERS, TEST), ITEMS: (ITEMS,)})
    assert follow(progress, [("LogStartLine", ORDERS, "started"), ("LogModelResult", ORDERS, "success")]) == []
    assert follow(progress, [("LogModelResult", ITEMS, "success")]) == [(ITEMS, "success")]
    end = progress.read(event("LogTestResult", TEST, "fail"))
    assert end == End(TEST, "fail")
    assert list(progress.closed(TEST)) == [(ORDERS, [End(ORDERS, "success"), End(TEST, "fail")])]
    assert list(progress.rest()) == []


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["success"], "success"),
        (["success", "pass", "warn"], "success"),
        (["success", "fail"], "error"),
        (["error", "skipped"], "error"),
        (["partial success"], "error"),
        (["runtime error"], "error"),
        (["blocked"], "error"),
        (["success", "blocked"], "error"),
        (["skipped"], "skipped"),
        (["skipped", "skipped"], "skipped"),
        (["success", "skipped"], "success"),
        ([], "success"),
    ],
)
def test_verdict(statuses: list[str], expected: str) -> None:
    """One status stands for several: any that failed, or was blocked, is an error; all skipped is skipped."""
    assert verdict([End(str(number), status) for number, status in enumerate(statuses)]) == expected


@pytest.mark.parametrize("status", [*FAILED, "partial success"])
def test_failed_node(status: str) -> None:
    """Each of dbt's words for a failure is one, and was not blocked."""
    progress = Progress({ORDERS: (ORDERS,)})
    end = progress.read(event("LogModelResult", ORDERS, status))
    assert end is not None
    assert (end.failed, end.blocked) == (True, False)
    assert progress.failed([ITEMS, ORDERS])
    assert not progress.failed([ITEMS])


def test_blocked_is_not_skipped() -> None:
    """What dbt leaves out because of a failure before it is blocked; what it skips of itself is not."""
    progress = Progress({ORDERS: (ORDERS,), ITEMS: (ITEMS,)})
    blocked = progress.read(event("SkippingDetails", ORDERS, "skipped"))
    skipped = progress.read(event("LogModelResult", ITEMS, "skipped"))
    assert blocked == End(ORDERS, "blocked")
    assert skipped == End(ITEMS, "skipped")
    assert (blocked.failed, blocked.blocked, skipped.failed, skipped.blocked) == (True, True, False, False)


@pytest.mark.parametrize("line", [
    ("NodeStart", ORDERS, "started"), ("NodeCompiling", ORDERS, "compiling"), ("SQLQuery", ORDERS, "executing"),
    ("RunResultError", ORDERS, None), ("MainReportVersion", None, None), ("LogHookEndLine", ORDERS, ""),
])  # fmt: skip
def test_no_end(line: Line) -> None:
    """A line that tells of no node's end ends none."""
    assert Progress({ORDERS: (ORDERS,)}).read(event(*line)) is None


@pytest.mark.parametrize("data", [None, {}, {"node_info": None}, {"node_info": {}}])
def test_line_without_node(data: Any) -> None:
    """A line may lack a node, or have an empty one."""
    assert Progress({}).read({"info": {"name": "StatsLine"}, "data": data}) is None
    assert Progress({}).read({"info": {"name": "StatsLine"}}) is None


def test_batches_are_not_the_model() -> None:
    """A model of several batches ends with its own line, as failed if one batch has: not with its first batch."""
    tasks: dict[str, tuple[str, ...]]
    tasks = {name: (name,) for name in ("model.shop.src", "model.shop.mb", "model.shop.after", "model.shop.uses_eph")}
    tasks["model.shop.mb"] += ("test.shop.not_null_mb_id.de",)
    tasks["model.shop.uses_eph"] += ("test.shop.not_null_uses_eph_id.7c",)
    progress = Progress(tasks)
    assert follow(progress, BATCHES) == [
        ("model.shop.src", "success"), ("model.shop.mb", "error"), ("model.shop.after", "error"),
    ]  # fmt: skip
    # dbt never says which node a broken ephemeral one keeps from being built; its tests tell.
    assert [(task, verdict(ends)) for task, ends in progress.rest()] == [("model.shop.uses_eph", "error")]


def test_debug_lines_of_batches_are_not_the_model() -> None:
    """The same with dbt's debug lines, where each batch is a finished node of the model's id."""
    progress = Progress({ORDERS: (ORDERS,)})
    lines: list[Line] = [("NodeFinished", ORDERS, "success"), ("LogModelResult", ORDERS, "partial success")]
    assert follow(progress, lines) == [(ORDERS, "error")]


def test_only_the_first_end_counts() -> None:
    """A second line of a node's end tells nothing again."""
    progress = Progress({ORDERS: (ORDERS,)})
    line: Line = ("LogModelResult", ORDERS, "success")
    assert follow(progress, [line, line, ("LogModelResult", ORDERS, "error")]) == [(ORDERS, "success")]
    assert not progress.failed([ORDERS])


def test_test_of_several_tasks() -> None:
    """A test that two tasks stand for ends both; a node of no task ends none."""
    progress = Progress({ORDERS: (ORDERS, TEST), ITEMS: (TEST,)})
    lines: list[Line] = [("LogModelResult", ORDERS, "success"), ("LogTestResult", "test.shop.other.3c", "fail")]
    assert follow(progress, lines) == []
    assert follow(progress, [("LogTestResult", TEST, "fail")]) == [(ORDERS, "error"), (ITEMS, "error")]


def test_rest_is_what_has_begun() -> None:
    """When dbt has ended, a task with a part left out is told by its other parts; one that never began is not."""
    progress = Progress({ORDERS: (ORDERS, TEST), ITEMS: (ITEMS,), "done": ("model.shop.a",), "empty": ()})
    follow(progress, [("LogModelResult", ORDERS, "success"), ("LogModelResult", "model.shop.a", "success")])
    assert list(progress.rest()) == [(ORDERS, [End(ORDERS, "success")])]


@given(st.randoms(use_true_random=False), st.integers(1, 6), st.integers(0, 5))
def test_any_order(shuffle: random.Random, count: int, tests: int) -> None:
    """Whatever the order of the lines, and however often they come, each task is told once, and the same."""
    tasks = {f"m{one}": (f"m{one}", *(f"t{one}.{two}" for two in range(tests)), "both") for one in range(count)}
    members = sorted({*itertools.chain(*tasks.values())})
    lines = [("LogTestResult", node, "fail" if node == "t0.0" else "success") for node in members] * 2
    shuffle.shuffle(lines)
    progress = Progress(tasks)
    told = follow(progress, lines)
    assert sorted(told) == [(task, "error" if task == "m0" and tests else "success") for task in sorted(tasks)]
    assert list(progress.rest()) == []
