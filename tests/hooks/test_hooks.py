"""Hooks of a run of several dbt processes: run once, and told of the whole run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.hooks.conftest import TABLES, Rows, Shop

pytestmark = pytest.mark.slow

STG, ORDERS, SEED = "model.shop.stg_orders", "model.shop.orders", "seed.shop.raw_orders"


def notes(shop: Shop) -> list[tuple[str, str, str]]:
    """Return kind, package and dbt's command of every hook that ran."""
    return [(row["kind"], row["package"], row["which"]) for row in shop.rows("notes")]


def by_node(rows: Rows) -> dict[str, dict[str, str]]:
    """Return rows by node; each has one."""
    table = {row["unique_id"]: row for row in rows}
    assert len(table) == len(rows)
    return table


def told(shop: Shop) -> dict[str, Any]:
    """Return all that the hooks of the end were told."""
    tables = {name: by_node(shop.rows(name)) for name in ("artifacts", "elementary")}
    return {**tables, "schemas": shop.rows("schemas")}


def test_off_runs_no_hook(shop: Shop) -> None:
    """With the switch off, a dbt process builds and tests but no hook of project or package does anything."""
    ran = shop.dbt("off", "build")
    assert {SEED, STG, ORDERS} <= {result["unique_id"] for result in ran.results}
    assert [table for table in TABLES if shop.rows(table)] == []
    assert ran.parsed_nothing


def test_processes_are_told_as_one(shop: Shop) -> None:
    """After several processes and a retry, hooks are told just what one `dbt build` of everything tells them."""
    plain = shop.dbt("run", "build")
    assert plain.parsed_nothing
    expected, expected_notes = told(shop), notes(shop)
    shop.clear()
    started = shop.hooks("start", "build")
    failed = shop.dbt("off", "run", "--select", "stg_orders")
    seeded = shop.dbt("off", "seed")
    rest = shop.dbt("off", "build", "--exclude", "raw_orders")
    assert [result["status"] for result in failed.results if result["unique_id"] == STG] == ["error"]
    ended = shop.end([*failed.results, *seeded.results, *rest.results])
    assert (started.code, ended.code) == (0, 0), started.output + ended.output
    assert started.parsed_nothing
    assert ended.parsed_nothing
    assert told(shop) == expected
    assert len(expected["artifacts"]) == len(expected["elementary"]) == 7
    assert notes(shop) == expected_notes
    assert [kind for kind, *_ in expected_notes] == ["start", "start", "end", "end"]


def test_skipped_nodes_are_told_alike(shop: Shop) -> None:
    """After a model failed, what was skipped (a unit test, too) is told as one `dbt build` tells it."""
    without = ["build", "--exclude", "raw_orders"]
    shop.dbt("run", *without)
    expected = told(shop)
    assert {row["status"] for row in expected["artifacts"].values()} == {"error", "skipped"}
    shop.clear()
    shop.hooks("start", *without)
    shop.end(shop.dbt("off", *without).results, "--exclude", "raw_orders")
    assert told(shop) == expected


def test_schemas_are_those_of_what_succeeded(shop: Shop) -> None:
    """`schemas` and `database_schemas` have the places of nodes that were built, and of no other."""
    shop.end([{"unique_id": SEED, "status": "success"}, {"unique_id": ORDERS, "status": "error"}])
    assert shop.rows("schemas") == [{"schemas": "shop", "pairs": "ANALYTICS.shop"}]


def test_start_makes_schemas_of_selection(shop: Shop) -> None:
    """Before on-run-start, dbt makes the schemas of the nodes that this run selects, and hooks know these nodes."""
    shop.hooks("start", "build", "--select", "stg_orders", "--full-refresh")
    assert {row["selected"] for row in shop.rows("notes")} == {STG}
    assert {row["full_refresh"] for row in shop.rows("notes")} == {"True"}
    assert shop.schemas() == {"SHOP"}


def test_hooks_see_the_run(shop: Shop) -> None:
    """Invocation id and start are the run's own, in UTC, at its start and its end."""
    own = ["--invocation-id", "run-1", "--started-at", "2026-11-21T06:00:03.5+01:00"]
    shop.hooks(*own, "start", "build")
    shop.hooks(*own, "end", "build")
    seen = {(row["invocation"], row["started"]) for row in shop.rows("notes")}
    assert seen == {("run-1", "2026-11-21T05:00:03.500000+0000")}
    assert len(shop.rows("notes")) == 4


def test_result_of_lost_node_is_left_out(shop: Shop) -> None:
    """What was built by a release before, and is gone from this one, has no node that a hook could ask."""
    ran = shop.end([{"unique_id": "model.shop.gone", "status": "success"}, {"unique_id": SEED, "status": "skipped"}])
    assert ran.code == 0, ran.output
    assert {name: row["status"] for name, row in by_node(shop.rows("artifacts")).items()} == {SEED: "skipped"}
    assert shop.rows("schemas") == [{"schemas": "", "pairs": ""}]
    # It leaves a run_results.json as any dbt process, of the hooks that it ran and nothing else.
    assert [result["unique_id"].split(".")[0] for result in ran.results] == ["operation"] * 8


def test_failed_hook_is_told(shop: Shop) -> None:
    """A hook that the warehouse refuses is exit code 1, in the warehouse's words; those after it do not run."""
    ran = shop.hooks("start", "build", "--vars", "{start_fails: true}")
    assert ran.code == 1
    assert "shop.on-run-start.0 failed" in ran.output
    assert "no_such_table" in ran.output.lower()
    assert notes(shop) == []
    assert [result["status"] for result in ran.results] == ["error", "skipped"]


def test_failed_start_is_shown_at_the_end(shop: Shop) -> None:
    """Hooks of the end are told of one that failed at the start, as dbt does, and not of those that did well."""
    hooks = ["operation.shop.shop-on-run-start-0", "operation.audit.audit-on-run-start-0"]
    states = zip(hooks, ("error", "success"), strict=True)
    shop.end([{"unique_id": hook, "status": state, "thread_id": "main"} for hook, state in states])
    assert {row["unique_id"]: row["status"] for row in shop.rows("elementary")} == {hooks[0]: "error"}


def test_failed_end_hook_is_told(shop: Shop) -> None:
    """So it is at the end; what ran before stays."""
    ran = shop.end([], "--vars", "{end_fails: true}")
    assert ran.code == 1
    assert "shop.on-run-end.3 failed" in ran.output
    assert "no_such_end" in ran.output.lower()
    assert notes(shop) == [("end", "shop", "build")]


def test_wrong_hook_is_told(shop: Shop) -> None:
    """A hook that does not compile is exit code 2, as dbt has it, and names what is wrong."""
    ran = shop.end([], "--vars", "{end_is_wrong: true}")
    assert ran.code == 2
    assert "'no_such_macro' is undefined" in ran.output
    assert "Traceback" not in ran.output


def test_log_is_dbts(shop: Shop) -> None:
    """Flags for dbt's log are obeyed, before and after `build`."""
    ran = shop.hooks("start", "--log-format", "json", "build", "--quiet", "--vars", "{start_fails: true}")
    messages = [json.loads(line)["info"] for line in ran.output.splitlines()]
    assert {message["level"] for message in messages} == {"error"}
    assert "START hook" not in ran.output
