"""What Slack is told: texts made without Airflow, and what a reader sees of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.blocks import code, escape, fence, section
from mwaa_dbt.message import details, failure, late, success
from mwaa_dbt.problems import node_name
from tests.unit.runs import (
    FAILED,
    GREEN,
    PROBLEM,
    QUIET,
    STALE,
    STATES,
    SUMMARY,
    WARNED,
    changed,
    fits,
    many,
    seen,
    texts,
    whole,
)

ROOT = Path(__file__).parents[2]
DOC = ROOT / "docs" / "slack.md"


def test_documentation_shows_message() -> None:
    """docs/slack.md shows the messages as they are."""
    shown = {"failure": failure(FAILED), "success": success(QUIET, ("recovery", "warnings", "freshness"))}
    for name, message in shown.items():
        assert message
        assert f"<!-- {name} -->\n```text\n{seen(message)}\n```\n" in DOC.read_text()


def test_failure_tells_all() -> None:
    """A failed run's message has all that its reader needs."""
    text = whole(failure(FAILED))
    for part in (
        "jaffle_shop failed in prod",
        "<!here>",
        "2026-11-21 05:00 UTC",
        "model stg_orders",
        "`dbt/jaffle_shop/models/staging/stg_orders.sql:14`",
        "try 2",
        "invalid identifier 'ORDEREDD_AT'",
        "21 |     orderedd_at::date\n   |     ^\n```",
        "`test not_null_orders_order_id`",
        "2 failed, 2 upstream_failed, 2 success",
        "release `a8b8faec1297`",
        "git `331b4c4`",
    ):
        assert part in text
    assert fits(failure(FAILED))


def test_links_have_form_of_ui() -> None:
    """The run and the failing task's log are one click away, with the run's id quoted."""
    run = "https://airflow.example.com/dags/jaffle_shop/runs/scheduled__2026-11-21T05%3A00%3A00%2B00%3A00"
    text = whole(failure(FAILED))
    assert f"<{run}|scheduled__2026-11-21T05:00:00+00:00>" in text
    assert f"<{run}/tasks/jaffle_shop.stg_orders.run?try_number=2|log>" in text


def test_links_have_form_of_older_ui() -> None:
    """Airflow 2 has one page for a DAG, which is told the run and the task."""
    grid = "https://airflow.example.com/dags/jaffle_shop/grid?dag_run_id=scheduled__2026-11-21T05%3A00%3A00%2B00%3A00"
    text = whole(failure(replace(FAILED, airflow=2)))
    assert f"<{grid}|scheduled__2026-11-21T05:00:00+00:00>" in text
    assert f"<{grid}&amp;task_id=jaffle_shop.stg_orders.run&amp;tab=logs|log>" in text


def test_no_address_no_links() -> None:
    """Where the UI's address is unknown, nothing pretends to be a link."""
    text = whole(failure(replace(FAILED, base_url="")))
    assert "http" not in text
    assert "|log>" not in text
    assert "scheduled__2026-11-21T05:00:00+00:00" in text


def test_rerun_in_environment() -> None:
    """The command runs what failed and what waits for it, and follows that."""
    command = "mwaa trigger jaffle_shop --env prod --wait --select 'stg_orders+ not_null_orders_order_id+'"
    assert f"Rerun:\n```\n{command}\n```" in [text for text in texts(failure(FAILED)) if text.startswith("Rerun")]


def test_rerun_elsewhere() -> None:
    """The rehearsal has its own command; without an MWAA environment the UI has to do."""
    text = whole(failure(replace(FAILED, environment="local")))
    assert "`mwaa local run jaffle_shop --select 'stg_orders+ not_null_orders_order_id+'`" in text
    text = whole(failure(replace(FAILED, mwaa=None)))
    assert "trigger it in Airflow's UI with select `stg_orders+ not_null_orders_order_id+`" in text
    assert "mwaa trigger" not in text


def test_many_failures_fit() -> None:
    """Two hundred failing nodes have one message of bounded size, which counts them."""
    run = replace(FAILED, summaries=[many(200)], states={f"jaffle_shop.m{n}.run": "failed" for n in range(200)})
    message = failure(run)
    assert fits(message)
    assert "`model m1`, `model m2`, `model m3`, `model m4`, `model m5` … and 194 more" in whole(message)
    assert "tasks: 200 failed" in whole(message)
    assert "mwaa trigger jaffle_shop --env prod --wait\n```" in whole(message)


@pytest.mark.parametrize("text", ["x" * 9000, "<&>" * 3000, "```" * 2000, "\n" * 900])
def test_long_words_fit(text: str) -> None:
    """Whatever is in an error, the message keeps to Slack's limits and its code stays code."""
    run = replace(FAILED, summaries=[many(200, message=[text] * 12, excerpt=[text] * 12, file=text)], reason=text)
    for message in (failure(run), details(run)):
        assert message
        assert fits(message)
        assert all(part.count("```") in (0, 2) for part in texts(message))
        assert not re.search(r"&(?!amp;|lt;|gt;)", whole(message))


@pytest.mark.parametrize("text", ["<!channel>", "<@U123>", "a & b < c > d", "<https://example.com|x>"])
def test_foreign_text_stays_text(text: str) -> None:
    """What dbt, a file name or Airflow says can neither call people nor be a link."""
    foreign = {"message": [text, text], "excerpt": [text], "file": text, "node": f"model.shop.{text}"}
    summary = SUMMARY | {"problems": [PROBLEM | foreign] * 3, "stale": [STALE | foreign], "warnings": [STALE | foreign]}
    run = replace(FAILED, mention=None, reason=text, summaries=[summary | {"errors": [text], "red": 1}])
    for message in (failure(run), details(run), success(run, ("recovery", "warnings", "freshness"))):
        assert message
        assert text not in whole(message)
        assert escape(text) in whole(message)


def test_braces_stay_text() -> None:
    """Jinja in an error is told as it is."""
    words = "Compilation Error {{ ref('x') }} {% if %}"
    assert words in whole(failure(changed(problems=[PROBLEM | {"message": [words]}])))


def test_failed_task_beside_dbt() -> None:
    """A task of another kind is named, with a link to its log, alone as beside a failing model."""
    for states, summaries in (({"load": "failed", "x": None}, []), (STATES | {"load": "failed"}, [SUMMARY])):
        text = whole(failure(replace(FAILED, states=states, summaries=summaries)))
        assert "Failed tasks: <https://airflow.example.com/dags/jaffle_shop/runs/" in text
        assert "/tasks/load|load>" in text
    assert "jaffle_shop.stg_orders.run|jaffle" not in text


def test_failure_without_summary() -> None:
    """If nothing but the run is known, the message says that much."""
    text = whole(failure(replace(FAILED, summaries=[], states={}, date=None, reason="timed_out")))
    assert "jaffle_shop failed in prod" in text
    assert "`timed_out`" in text
    assert "Rerun" not in text
    assert "task_failure" not in whole(failure(FAILED))


def test_counts_of_nodes() -> None:
    """Without the tasks' states, dbt's own counts are told."""
    assert "nodes: 1 error, 1 fail, 3 skipped, 28 success" in whole(failure(replace(FAILED, states={})))


def test_dbt_itself_failed() -> None:
    """Where no node failed but dbt, its words are told."""
    text = whole(failure(changed(problems=[], failed=0, errors=["Runtime Error", "Could not find profile"])))
    assert "dbt itself failed\n```\nRuntime Error\nCould not find profile\n```" in text


def test_stale_sources_of_failed_run() -> None:
    """Sources that are too old belong to the failure; those that only warn do not."""
    text = whole(failure(changed(problems=[], stale=[STALE, STALE | {"status": "warn", "node": "source.a.b.c"}])))
    assert "1 stale source\n• `source point_of_sale.orders` newest row" in text
    assert "b.c" not in text


def test_details_name_each() -> None:
    """The thread's message has every node that the summary tells, and counts the rest."""
    told = details(replace(FAILED, summaries=[many(200)]))
    assert told
    assert all(f"model m{number}*" in whole(told) for number in range(20))
    assert "… and 180 more" in whole(told)
    assert details(changed(problems=[PROBLEM])) is None


@pytest.mark.parametrize(
    ("events", "parts"),
    [
        (("recovery",), ["is green again in `prod`\nafter 3 red runs"]),
        (("warnings",), ["1 warning\n• `test not_null_orders_order_id` Got 3 results"]),
        (("freshness",), ["1 stale source\n• `source point_of_sale.orders` newest row"]),
        (("recovery", "warnings", "freshness"), ["green again", "1 warning", "1 stale source"]),
    ],
)
def test_green_run_tells_events(events: tuple[str, ...], parts: list[str]) -> None:
    """A green run tells what was asked for, in one message that calls nobody."""
    message = success(QUIET, events)
    assert message
    assert fits(message)
    assert [part for part in parts if part not in whole(message)] == []
    assert "<!here>" not in whole(message)


def test_quiet_run_tells_nothing() -> None:
    """A green run after a green one, or one whose events nobody wants, sends nothing."""
    assert success(replace(GREEN, summaries=[GREEN.summaries[0] | {"red": 0}]), ("recovery", "warnings")) is None  # type: ignore[operator]
    assert success(QUIET, ("failure", "late")) is None


def test_reason_of_green_run_is_plain() -> None:
    """That a run is green is not told as its reason."""
    message = success(replace(GREEN, reason="success"), ("recovery",))
    assert message
    assert "`success`" not in whole(message)


def test_many_warnings_fit() -> None:
    """Of many warnings ten are listed, and the rest counted."""
    message = success(replace(GREEN, summaries=[SUMMARY | {"warnings": [WARNED] * 20}]), ("warnings",))
    assert message
    assert fits(message)
    assert (whole(message).count("•"), "… and 10 more" in whole(message)) == (10, True)


def test_late_is_filled_in_later() -> None:
    """A late run's text names the run by what Airflow fills in when it is late."""
    text = late(FAILED, "2:00:00")
    assert text.startswith(":alarm_clock: *{{ dag_run.dag_id }}* is late in `prod` <!here>\n")
    assert "/dags/{{ dag_run.dag_id }}/runs/{{ dag_run.dag_run_id | urlencode }}|{{ dag_run.dag_run_id }}>" in text
    assert "http" not in late(replace(FAILED, base_url=""), "2:00:00")


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("model.shop.orders", "model orders"),
        ("model.shop.orders.v2", "model orders.v2"),
        ("test.shop.not_null_x.1a2b", "test not_null_x"),
        ("source.shop.pos.orders", "source pos.orders"),
        ("odd", "odd"),
    ],
)
def test_names_of_nodes(node: str, name: str) -> None:
    """A node is called as people call it."""
    assert node_name(node) == name


@pytest.mark.parametrize(
    "odd", [{}, {"problems": [{}]}, {"counts": None, "problems": None, "failed": None, "red": None}]
)
def test_odd_summary_is_told(odd: Mapping[str, Any]) -> None:
    """A summary of another version, with parts missing, still makes a message."""
    run = replace(FAILED, summaries=[odd])
    assert fits(failure(run))
    assert success(run, ("recovery", "warnings", "freshness")) is None


def test_fence_cuts_by_line() -> None:
    """Of too many lines the first ones are kept, whole."""
    lines = fence(["<" * 200] * 20).splitlines()
    assert (lines[0], lines[-1], lines[-2]) == ("```", "```", "…")
    assert set(lines[1:-2]) == {"&lt;" * 200}


def test_names_are_not_looked_up() -> None:
    """Slack is told to make no links or mentions of its own."""
    assert section("x")["text"]["verbatim"] is True
    assert code("a`b\nc") == "`a'b c`"
