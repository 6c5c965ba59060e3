"""The rehearsal's Slack as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from scripts.local.processes import answers
from scripts.local.state import free_port

TOKEN = "xoxb-right-token"


@dataclass(frozen=True)
class Sink:
    """A running sink: its port and the file that takes the messages."""

    port: int
    file: Path

    @property
    def proxy(self) -> str:
        """The proxy that leads to it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What it has kept."""
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def post(self, url: str, token: str | None, **changed: Any) -> requests.Response:
        """Post a message as Slack's client does."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        message = {"channel": "#c", "text": "hello"} | changed
        return requests.post(url, json=message, headers=headers, proxies={"http": self.proxy}, timeout=2)

    @contextmanager
    def failing(self, fault: str) -> Iterator[None]:
        """Let the sink fail for a while."""
        switch = self.file.with_suffix(".fault")
        switch.write_text(fault)
        try:
            yield
        finally:
            switch.unlink()


def serve(folder: Path) -> Iterator[Sink]:
    """Run the rehearsal's internet on a free port, as long as somebody asks for it."""
    sink = Sink(free_port(), folder / "messages.jsonl")
    environment = {**os.environ, "REHEARSAL_SLACK_TOKEN": TOKEN, "REHEARSAL_SLACK_FILE": str(sink.file)}
    command = [sys.executable, "-m", "uvicorn", "scripts.local.outside:app", "--port", str(sink.port)]
    with subprocess.Popen([*command, "--log-level", "error"], env=environment) as server:
        end = time.monotonic() + 30
        while not answers(sink.proxy) and time.monotonic() < end:
            time.sleep(0.1)
        yield sink
        server.terminate()
