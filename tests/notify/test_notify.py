"""What reaches Slack when a run has ended, and what the log says if nothing does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.airflow_version import AIRFLOW_2, AIRFLOW_3_0
from tests.notify.conftest import BOT, HOOK, Processor, Told
from tests.notify.sink import TOKEN
from tests.unit.runs import PROBLEM, STALE, STATES, SUMMARY, WARNED, many

GREEN = SUMMARY | {"state": "success", "problems": [], "failed": 0, "warnings": [WARNED], "red": 2}


def url(task: str, attempt: int = 0) -> str:
    """Return the address of a task in the UI of this Airflow, as JSON has it."""
    if AIRFLOW_2:
        return f"https://airflow.example.com/dags/shop/grid?dag_run_id=r%201%2B1&amp;task_id={task}&amp;tab=logs"
    tried = f"?try_number={attempt}" if attempt else ""
    return f"https://airflow.example.com/dags/shop/runs/r%201%2B1/tasks/{task}{tried}"


def failed(processor: Processor, summary: Any = SUMMARY, arguments: str = "", **job: Any) -> Told:
    """End a failed run whose dbt group left this summary."""
    complete = {"summaries": {"jaffle_shop.dbt_finish": summary}, "states": STATES, "context": True, **job}
    return processor.do(arguments, **complete)


def green(processor: Processor, summary: Any = GREEN, arguments: str = "", **job: Any) -> Told:
    """End a green run."""
    return failed(processor, summary, arguments, state="success", **job)


def test_failed_run_is_one_message(processor: Processor) -> None:
    """A failed run is told once, with node, file, dbt's words, log, states and whom to call."""
    told = failed(processor)
    (message,) = told.messages
    assert (message["method"], message["channel"], told.complaints) == ("chat.postMessage", "#data-alerts", [])
    for part in (
        "shop failed in local",
        "<!here>",
        "2026-11-21 05:00 UTC",
        "stg_orders.sql:14",
        "invalid identifier 'ORDEREDD_AT'",
        f"{url('jaffle_shop.stg_orders.run', 2)}|log",
        "nodes: 1 error, 1 fail, 3 skipped" if AIRFLOW_3_0 else "tasks: 2 failed, 2 upstream_failed, 2 success",
        "mwaa local run shop --select",
    ):
        assert part in told.text


def test_two_hundred_failures_are_one_call(processor: Processor) -> None:
    """However many nodes failed, Slack is called once."""
    told = failed(processor, many(200), states={f"jaffle_shop.m{number}.run": "failed" for number in range(200)})
    assert len(told.messages) == 1
    assert "and 194 more" in told.text
    assert AIRFLOW_3_0 or "tasks: 200 failed" in told.text


@pytest.mark.parametrize("context", [True, False])
@pytest.mark.parametrize("lost", [{"summaries": {}}, {"summaries": {"jaffle_shop.dbt_finish": "odd"}}])
def test_lost_summary_is_told(processor: Processor, lost: dict[str, Any], *, context: bool) -> None:
    """Without a summary, and without the run in Airflow's context, the message names the failed tasks."""
    told = processor.do(**lost, states={"load": "failed"}, context=context)
    assert len(told.messages) == 1
    assert "shop failed in local" in told.text
    assert AIRFLOW_3_0 or f"Failed tasks: <{url('load')}|load>" in told.text


@pytest.mark.skipif(AIRFLOW_2, reason="Airflow 2 is not asked, but the database")
def test_silent_airflow_is_told(processor: Processor) -> None:
    """If Airflow answers none of the questions, the message says that the run failed."""
    told = processor.do()
    # Of a run that has ended Airflow 3.0 tells a callback nothing, but lets it wait.
    assert {"GetXCom", "GetTaskStates"} & {*told.answer["asked"]} == (
        set() if AIRFLOW_3_0 else {"GetXCom", "GetTaskStates"}
    )
    assert len(told.messages) == 1
    assert "shop failed in local" in told.text


def test_thread_has_details(threaded: Processor) -> None:
    """With `thread`, all nodes that are told answer the first message."""
    told = failed(threaded, many(200))
    first, second = told.messages
    assert (first.get("thread_ts"), second["thread_ts"]) == (None, first["ts"])
    assert "model m19" in str(second["blocks"])
    assert "model m19" not in str(first["blocks"])


def test_webhook_takes_message(processor: Processor) -> None:
    """A connection of the webhook's type needs no setting to be used as one."""
    told = failed(processor, connection=HOOK)
    assert [message["method"] for message in told.messages] == ["webhook"]
    assert "invalid identifier" in told.text


def test_green_run_tells_once(processor: Processor) -> None:
    """Recovery, warnings and stale sources are one message, which calls nobody."""
    told = green(processor, GREEN | {"stale": [STALE | {"status": "warn"}]})
    assert len(told.messages) == 1
    for part in ("green again", "after 2 red runs", "1 warning", "not_null_orders_order_id", "1 stale source"):
        assert part in told.text
    assert "<!here>" not in told.text


def test_quiet_run_is_silent(processor: Processor) -> None:
    """A green run after a green one calls Slack not at all."""
    assert green(processor, GREEN | {"warnings": [], "red": 0}).messages == []


def test_red_run_tells_no_warnings(processor: Processor) -> None:
    """Warnings of a red run can wait."""
    assert "warning" not in failed(processor, SUMMARY | {"warnings": [WARNED]}).text


@pytest.mark.parametrize(
    ("arguments", "state", "count"),
    [
        ("events=['recovery']", "failed", 0),
        ("events=['failure']", "success", 0),
        ("events=['warnings']", "success", 1),
        ("events=()", "failed", 0),
    ],
)
def test_events_are_chosen(processor: Processor, arguments: str, state: str, count: int) -> None:
    """A DAG tells what it was asked to tell."""
    assert len(failed(processor, GREEN, arguments, state=state).messages) == count


def test_arguments_win(processor: Processor) -> None:
    """Channel and mention of a DAG are used instead of those of settings.toml."""
    told = failed(processor, SUMMARY, "channel='#shop', mention='<@U0SHOP>'")
    assert told.messages[0]["channel"] == "#shop"
    assert "<@U0SHOP>" in told.text
    assert "<!here>" not in failed(processor, SUMMARY, "mention=''").text


def test_jinja_stays_text(processor: Processor) -> None:
    """Braces in dbt's words are told as they are, and nothing in them is run."""
    words = "{{ 7 * 6 }} {% raw %} {{ conn.slack_default.password }}"
    told = failed(processor, SUMMARY | {"problems": [PROBLEM | {"message": [words]}]})
    assert words in told.text
    assert TOKEN not in told.text


@pytest.mark.parametrize("connection", [BOT, HOOK])
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("hang", "Slack did not answer in 5 s; look at"),
        ("close", "Slack cannot be reached (RemoteDisconnected); look at"),
        ("500", "Slack answered with HTTP 500; look at"),
    ],
)
def test_broken_slack_is_one_line(processor: Processor, connection: Any, fault: str, cause: str) -> None:
    """Slack that hangs, hangs up or fails is asked once, within six seconds, and told in one line."""
    # The first message of a process imports Slack's client, which takes a second or two.
    failed(processor, connection=connection)
    with processor.sink.failing(fault):
        told = failed(processor, connection=connection)
    assert [message["fault"] for message in told.messages] == [fault]
    assert told.answer["seconds"] < 6
    one_line(told, cause)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("not_in_channel", "the bot is not in #data-alerts (not_in_channel); type `/invite"),
        ("channel_not_found", "Slack has no channel #data-alerts, or it is private"),
        ("missing_scope", "give the Slack app the scope chat:write"),
        ("ratelimited", "Slack takes no more messages for now"),
        ("new_error", "Slack refused it (new_error); look at"),
    ],
)
def test_refusal_says_what_to_do(processor: Processor, fault: str, cause: str) -> None:
    """What Slack refuses is told with what mends it."""
    with processor.sink.failing(fault):
        one_line(failed(processor), cause)


@pytest.mark.parametrize(
    ("connection", "cause"),
    [
        (BOT | {"password": "xoxb-secret"}, "does not accept the token of connection 'slack_default' (invalid_auth)"),
        (HOOK | {"password": HOOK["password"] + "secret"}, "knows no such webhook as in connection 'slack_default'"),
        (BOT | {"password": ""}, "there is no Airflow connection 'slack_default' with a password; put it into"),
        (None, "there is no Airflow connection 'slack_default' with a password; put it into"),
    ],
)
def test_bad_connection_is_told(processor: Processor, connection: Any, cause: str) -> None:
    """A wrong token or address, or none, is told without showing it."""
    told = failed(processor, connection=connection)
    assert told.messages == []
    one_line(told, cause)
    assert "secret" not in told.log.replace("Secrets Manager", "").replace("secrets", "")


def one_line(told: Told, cause: str) -> None:
    """Assert that the log has one line for the run, and no more: no traceback, no token."""
    (line,) = told.complaints
    assert "Slack was not told of run r 1+1 of shop: " in line
    assert cause in line
    assert "Traceback" not in told.log
    assert TOKEN not in told.log
    assert "Callback failed" not in told.log
    assert "Failed to send a request" not in told.log
