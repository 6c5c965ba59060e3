"""The rehearsal's Slack, spoken to over HTTP through its proxy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from scripts.local.processes import answers
from scripts.local.state import free_port


@dataclass(frozen=True)
class Sink:
    """A running sink: its port and the file that takes the messages."""

    port: int
    file: Path

    def post(self, url: str, token: str | None) -> requests.Response:
        """Post a message as Slack's client does."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        proxies = {"http": f"http://127.0.0.1:{self.port}"}
        return requests.post(url, json={"channel": "#c", "text": "hello"}, headers=headers, proxies=proxies, timeout=10)


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    """Run the rehearsal's internet on a free port."""
    sink = Sink(free_port(), tmp_path_factory.mktemp("slack") / "messages.jsonl")
    environment = {**os.environ, "REHEARSAL_SLACK_TOKEN": "right", "REHEARSAL_SLACK_FILE": str(sink.file)}
    command = [sys.executable, "-m", "uvicorn", "scripts.local.outside:app", "--port", str(sink.port)]
    with subprocess.Popen([*command, "--log-level", "error"], env=environment) as server:
        end = time.monotonic() + 30
        while not answers(f"http://127.0.0.1:{sink.port}") and time.monotonic() < end:
            time.sleep(0.1)
        yield sink
        server.terminate()


def messages(sink: Sink) -> list[dict[str, Any]]:
    """Return what the sink has kept."""
    return [json.loads(line) for line in sink.file.read_text().splitlines()] if sink.file.exists() else []


def test_message_is_kept(sink: Sink) -> None:
    """A message with the right token is answered as Slack does, and kept."""
    before = len(messages(sink))
    assert sink.post("http://slack.localhost/api/chat.postMessage", "right").json()["ok"] is True
    assert [message["text"] for message in messages(sink)[before:]] == ["hello"]


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("wrong", "invalid_auth")])
def test_bad_token_is_refused(sink: Sink, token: str | None, error: str) -> None:
    """Without the right token nothing is kept, and Slack's own error comes back."""
    before = messages(sink)
    assert sink.post("http://slack.localhost/api/chat.postMessage", token).json() == {"ok": False, "error": error}
    assert messages(sink) == before


def test_other_hosts_are_refused(sink: Sink) -> None:
    """Whatever else a task asks for does not leave the machine."""
    answer = sink.post("http://example.com/", None)
    assert (answer.status_code, "no host 'example.com'" in answer.text) == (403, True)
