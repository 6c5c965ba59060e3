"""What became of a DAG run's nodes, merged from all its dbt invocations."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mwaa_dbt.problems import Files, Problem
from mwaa_dbt.results import Invocation, Outcome, hidden, merge, read_freshness, read_results
from mwaa_dbt.states import FAILED

ORDERS, STORES = "model.shop.orders", "model.shop.stores"


def invocation(task: str, attempt: int, outcomes: list[Outcome], **more: Any) -> dict[str, Any]:
    """Return an invocation as the archive has it; its failures have a problem each."""
    problems = [Problem(one.node, one.status, "f.sql", message=(f"{task} {attempt}",)) for one in outcomes]
    ended = max((one.start for one in outcomes), default=float(attempt))
    fields: dict[str, Any] = {
        "release": "r1",
        "ended": ended,
        "problems": [one for one in problems if one.status in FAILED],
        **more,
    }
    return dict(json.loads(json.dumps(asdict(Invocation("d", "run", task, attempt, outcomes=outcomes, **fields)))))


def test_last_result_counts() -> None:
    """A model that failed in the producer and succeeded by its retry is green, and its problem is told no more."""
    first = invocation("producer", 1, [Outcome(ORDERS, "error", 10.0, 1.0), Outcome(STORES, "success", 11.0, 2.0)])
    merged = merge([invocation("orders", 2, [Outcome(ORDERS, "success", 30.0, 3.0)]), first])
    assert (merged.state, merged.problems, merged.tries[ORDERS]) == ("success", [], 2)
    assert merged.nodes[ORDERS].seconds == 3.0
    assert merged.counts == {"success": 2}


def test_producer_ends_after_the_retry() -> None:
    """A retry that has succeeded counts, though the process in which the node failed goes on for long."""
    failed = invocation("producer", 1, [Outcome(ORDERS, "error", 10.0, 1.0)], ended=500.0)
    merged = merge([failed, invocation("orders", 2, [Outcome(ORDERS, "success", 30.0, 3.0)], ended=40.0)])
    assert (merged.state, merged.problems, merged.tries, merged.begun) == ("success", [], {ORDERS: 2}, {ORDERS: 10.0})
    again = merge([failed, invocation("orders", 2, [Outcome(ORDERS, "error", 30.0, 3.0)], ended=40.0)])
    assert [(one["task"], one["try"]) for one in again.problems] == [("orders", 2)]


def test_skipped_says_nothing() -> None:
    """What dbt skipped neither hides an error nor counts as a try; alone it is skipped."""
    first = invocation("producer", 1, [Outcome(ORDERS, "error", 10.0, 1.0), Outcome(STORES, "skipped", 0.0, 0.0)])
    again = invocation("stores", 2, [Outcome(ORDERS, "skipped", 0.0, 0.0), Outcome(STORES, "success", 20.0, 1.0)])
    merged = merge([first, again])
    assert (merged.nodes[ORDERS].status, merged.nodes[STORES].status) == ("error", "success")
    assert merged.tries == {ORDERS: 1, STORES: 1}
    assert merge([first]).counts == {"error": 1, "skipped": 1}


def test_problems_name_their_task_first_failure_first() -> None:
    """The node that failed first comes first, told by the task and try that ran it last."""
    first = invocation("producer", 1, [Outcome(ORDERS, "error", 10.0, 1.0), Outcome(STORES, "error", 20.0, 1.0)])
    merged = merge([invocation("orders", 2, [Outcome(ORDERS, "error", 99.0, 1.0)]), first])
    assert [(one["node"], one["task"], one["try"]) for one in merged.problems] == [
        (ORDERS, "orders", 2),
        (STORES, "producer", 1),
    ]
    assert merged.failed == [ORDERS, STORES]


def test_tries_of_another_release() -> None:
    """A run that is cleared after a fix is not flaky: its tries before belong to other code."""
    before = invocation("producer", 1, [Outcome(ORDERS, "error", 10.0, 1.0)])
    after = invocation("producer", 2, [Outcome(ORDERS, "success", 90.0, 1.0)], release="r2")
    assert merge([before, after]).tries == {ORDERS: 1}


def test_dbt_itself_failed() -> None:
    """Where no node ran, dbt's own words make the run red; a later try that ran nodes makes up for it."""
    lost = invocation("producer", 1, [], errors=["Compilation Error"])
    assert (merge([lost]).state, merge([lost]).errors) == ("failed", ["Compilation Error"])
    again = invocation("producer", 2, [Outcome(ORDERS, "success", 5.0, 1.0)])
    assert (merge([lost, again]).state, merge([lost, again]).errors) == ("success", [])
    assert merge([]).state == "success"


def test_stale_source() -> None:
    """A source past its error_after makes the run red, one past its warn_after does not."""
    stale = Problem("source.shop.till.orders", "warn", "f.yml")
    assert merge([invocation("freshness", 1, [], stale=[stale])]).state == "success"
    worse = Problem("source.shop.till.orders", "error", "f.yml")
    assert merge([invocation("freshness", 1, [], stale=[worse])]).state == "failed"


def test_read_results(tmp_path: Path) -> None:
    """run_results.json becomes outcomes and problems; hooks are no nodes."""
    (tmp_path / "target").mkdir()
    timing = [{"name": "execute", "started_at": "2026-11-21T06:00:01Z", "completed_at": "2026-11-21T06:00:02Z"}]
    results = [
        {
            "unique_id": ORDERS,
            "status": "error",
            "execution_time": 1.23456,
            "timing": timing,
            "message": "Runtime Error",
        },
        {"unique_id": STORES, "status": "skipped", "execution_time": 0, "timing": [], "message": None},
        {"unique_id": "test.shop.t.1", "status": "warn", "execution_time": 1, "timing": [], "message": "Got 2 results"},
        {"unique_id": "operation.shop.hook", "status": "success", "execution_time": 1, "timing": [], "message": "OK"},
    ]
    (tmp_path / "target/run_results.json").write_text(json.dumps({"results": results}))
    outcomes, problems = read_results(Files(tmp_path, "shop", "daily"))
    assert [(one.node, one.start, one.seconds) for one in outcomes][:2] == [
        (ORDERS, 1795240801.0, 1.235),
        (STORES, 0.0, 0),
    ]
    assert [one.node for one in outcomes] == [ORDERS, STORES, "test.shop.t.1"]
    assert [one.node for one in hidden(problems, FAILED)] == [ORDERS]
    assert [one.message for one in hidden(problems, ("warn",))] == [("Got 2 results",)]


def test_read_freshness(tmp_path: Path) -> None:
    """A stale source is told with its age and limit; a fresh one is not."""
    (tmp_path / "target").mkdir()
    limit = {"error_after": {"count": 24, "period": "hour"}, "warn_after": {"count": 12, "period": "hour"}}
    results = [
        {
            "unique_id": "source.shop.till.a",
            "status": "error",
            "max_loaded_at_time_ago_in_s": 93600.0,
            "criteria": limit,
        },
        {"unique_id": "source.shop.till.b", "status": "pass", "max_loaded_at_time_ago_in_s": 1.0, "criteria": limit},
        {"unique_id": "source.shop.till.c", "status": "runtime error", "error": "Object 'X' does not exist"},
    ]
    (tmp_path / "target/sources.json").write_text(json.dumps({"results": results}))
    found = read_freshness(Files(tmp_path, "shop", "daily"))
    assert [one.message for one in found] == [
        ("newest row is 26 h old; error after 24 hours",),
        ("Object 'X' does not exist",),
    ]


def test_damaged_files(tmp_path: Path) -> None:
    """What dbt did not write, or not whole, tells nothing."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target/run_results.json").write_text('{"results": [')
    assert read_results(Files(tmp_path, "shop", "daily")) == ([], [])
