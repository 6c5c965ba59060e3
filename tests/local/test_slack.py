"""The rehearsal's Slack, spoken to over HTTP through its proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.notify.sink import TOKEN, Sink, serve

POST = "http://slack.localhost/api/chat.postMessage"
HOOK = "http://hooks.slack.localhost/services"


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    """Run the rehearsal's internet."""
    yield from serve(tmp_path_factory.mktemp("slack"))


def test_message_is_kept(sink: Sink) -> None:
    """A message with the right token is answered as Slack does, and kept."""
    before = len(sink.messages)
    assert sink.post(POST, TOKEN).json()["ok"] is True
    assert [message["text"] for message in sink.messages[before:]] == ["hello"]


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("wrong", "invalid_auth")])
def test_bad_token_is_refused(sink: Sink, token: str | None, error: str) -> None:
    """Without the right token nothing is kept, and Slack's own error comes back."""
    before = sink.messages
    assert sink.post(POST, token).json() == {"ok": False, "error": error}
    assert sink.messages == before


def test_other_hosts_are_refused(sink: Sink) -> None:
    """Whatever else a task asks for does not leave the machine."""
    answer = sink.post("http://example.com/", None)
    assert (answer.status_code, "no host 'example.com'" in answer.text) == (403, True)


def test_messages_have_times(sink: Sink) -> None:
    """Each message has a `ts` of its own, by which another one answers it in a thread."""
    first = sink.post(POST, TOKEN).json()["ts"]
    second = sink.post(POST, TOKEN, thread_ts=first).json()["ts"]
    assert first != second
    kept = sink.messages[-2:]
    assert [(one["ts"], one.get("thread_ts")) for one in kept] == [(first, None), (second, first)]


def test_token_is_tested(sink: Sink) -> None:
    """A token can be tried without a message."""
    assert sink.post("http://slack.localhost/api/auth.test", TOKEN).json()["team"] == "rehearsal"
    assert sink.post("http://slack.localhost/api/auth.test", "wrong").json()["error"] == "invalid_auth"
    assert sink.post("http://slack.localhost/api/auth.toast", TOKEN).json()["error"] == "unknown_method"


def section(text: str) -> dict[str, Any]:
    """Return a section of a message."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"channel": "#missing-one"}, "channel_not_found"),
        ({"channel": "#uninvited"}, "not_in_channel"),
        ({"text": ""}, "no_text"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [section("x")] * 51}, "invalid_blocks"),
        ({"blocks": json.dumps([{"type": "header", "text": {"text": "x" * 151}}])}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [{"text": "x"}] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "unknown"}]}, "invalid_blocks"),
    ],
)
def test_unfit_message_is_refused(sink: Sink, changed: dict[str, Any], error: str) -> None:
    """A message that Slack would not take is refused in its words, and not kept."""
    before = sink.messages
    assert sink.post(POST, TOKEN, **changed).json() == {"ok": False, "error": error}
    assert sink.messages == before


def test_largest_message_is_taken(sink: Sink) -> None:
    """A message at Slack's limits is kept, with its blocks as a list."""
    assert sink.post(POST, TOKEN, blocks=json.dumps([section("x" * 3000)] * 50)).json()["ok"] is True
    assert len(sink.messages[-1]["blocks"]) == 50


def test_webhook_takes_message(sink: Sink) -> None:
    """An incoming webhook answers in plain text, as Slack's does."""
    answer = sink.post(f"{HOOK}/T0/B0/{TOKEN}", None)
    assert (answer.status_code, answer.text, sink.messages[-1]["method"]) == (200, "ok", "webhook")


@pytest.mark.parametrize(
    ("path", "changed", "status", "text"),
    [
        ("T0/B0/wrong", {}, 403, "invalid_token"),
        (f"X0/B0/{TOKEN}", {}, 404, "no_service"),
        ("T0", {}, 404, "no_service"),
        (f"T0/B0/{TOKEN}", {"text": ""}, 400, "no_text"),
        (f"T0/B0/{TOKEN}", {"blocks": [{"type": "unknown"}]}, 400, "invalid_blocks"),
    ],
)
def test_bad_webhook_is_refused(sink: Sink, path: str, changed: dict[str, Any], status: int, text: str) -> None:
    """A wrong address or an unfit message is told in Slack's words, and nothing is kept."""
    before = sink.messages
    answer = sink.post(f"{HOOK}/{path}", None, **changed)
    assert (answer.status_code, answer.text, sink.messages) == (status, text, before)


@pytest.mark.parametrize(("fault", "error"), [("hang", requests.ReadTimeout), ("close", requests.ConnectionError)])
def test_fault_breaks_connection(sink: Sink, fault: str, error: type[Exception]) -> None:
    """Slack does not answer, or hangs up, while the file says so; then it answers again."""
    with sink.failing(fault), pytest.raises(error):
        sink.post(POST, TOKEN)
    assert sink.messages[-1]["fault"] == fault
    assert sink.post(POST, TOKEN).json()["ok"] is True


def test_fault_answers(sink: Sink) -> None:
    """Slack answers with an error while the file says so."""
    with sink.failing("500"):
        assert sink.post(POST, TOKEN).status_code == 500
    with sink.failing("ratelimited"):
        assert sink.post(POST, TOKEN).json() == {"ok": False, "error": "ratelimited"}
