"""What `alerts` gives to a DAG: callbacks, a deadline that Airflow keeps, and refusals at parse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.airflow_version import DEADLINES, deadlines
from tests.notify.conftest import BOT, HOOK, Place, Processor, start

LATE = "late=timedelta(hours=2)"
WARNED = "alerts(late=…) tells nothing with this Airflow: it has deadlines since 3.1."


@deadlines
def test_late_run_is_told(processor: Processor) -> None:
    """A deadline survives serialization, and its callback, run as the triggerer does, reaches Slack."""
    told = processor.do(LATE, do="late", fire=True)
    assert told.answer["events"] == ["running", "success"], told.log
    (message,) = told.messages
    assert (message["method"], message["channel"]) == ("chat.postMessage", "#data-alerts")
    link = "<https://airflow.example.com/dags/shop/runs/r%201%2B1|r 1+1>"
    assert f":alarm_clock: *shop* is late in `local` <!here>\n{link} has not ended 2:00:00 after" in message["text"]


@deadlines
def test_deadline_is_kept(processor: Processor) -> None:
    """What Airflow stores of a deadline names the provider's notifier, which the triggerer can import and await."""
    answer = processor.do(LATE, do="late").answer
    assert answer["path"] == "airflow.providers.slack.notifications.slack.SlackNotifier"
    assert answer["awaitable"] is True
    stored = json.dumps(answer["told"])
    assert "DagRunQueuedAtDeadline" in stored
    assert "7200" in stored
    assert BOT["password"] not in stored
    assert len(answer["read"]) == 1


def test_parse_is_light(tmp_path: Path, place: Place) -> None:
    """A DAG file with all alerts is parsed without Slack's client; what cannot be told is said to the build."""
    for processor in start(tmp_path, place):
        answer = processor.do(LATE, do="parse").answer
        assert (answer["errors"], answer["heavy"], answer["asked"]) == ([], False, [])
        assert answer["warned"] == ([] if DEADLINES else [WARNED])
        assert processor.do(do="parse").answer["warned"] == []


def test_no_slack(tmp_path: Path, place: Place) -> None:
    """Without the table `slack` a DAG file is the same, is parsed without a warning, and nobody is told."""
    for processor in start(tmp_path, place, silent=True):
        parsed = processor.do(LATE, do="parse").answer
        assert (parsed["errors"], parsed["warned"]) == ([], [])
        told = processor.do(LATE)
        assert told.messages == []
        assert "Slack was not told" not in told.log


@deadlines
def test_late_run_by_webhook(tmp_path: Path, place: Place) -> None:
    """Settings of the webhook's type choose the webhook's notifier."""
    for processor in start(tmp_path, place, type="slackwebhook"):
        told = processor.do(LATE, do="late", fire=True, connection=HOOK)
        assert (told.answer["events"], [one["method"] for one in told.messages]) == (
            ["running", "success"],
            ["webhook"],
        )


def test_webhook_has_its_channel(tmp_path: Path, place: Place) -> None:
    """Settings of the webhook's type refuse another channel."""
    for processor in start(tmp_path, place, type="slackwebhook"):
        (error,) = processor.do("channel='#x'", do="parse").answer["errors"]
        assert "A webhook's channel is chosen in Slack." in error


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ("events=['failures']", "There is no event 'failures'. Did you mean 'failure'?"),
        ("events='failure'", "events is 'failure', which is no list."),
        ("events=3", "events is 3, which is no list."),
        ("channel=3", "channel is 3, which is no text."),
        ("mention='@here'", "mention '@here' calls nobody."),
        ("late=3", "late is 3, which is no time that passes."),
        ("late=timedelta(0)", "late is datetime.timedelta(0), which is no time that passes."),
    ],
)
def test_wrong_argument_is_refused(processor: Processor, arguments: str, what: str) -> None:
    """What cannot be meant fails the import of the DAG file, with what to write instead."""
    (error,) = processor.do(arguments, do="parse").answer["errors"]
    assert f"ProjectError: {what}" in error
    assert "where: the DAG file that calls alerts(" in error
