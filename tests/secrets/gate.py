"""A server in front of Secrets Manager that keeps a policy as IAM does: an action on a name, or it is denied."""

from __future__ import annotations

import fnmatch
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.serving import served

ACCOUNT = "123456789012"


class Gate:
    """Lets through what its statements allow; `text` of a refusal can be another, `calls` are the actions asked."""

    def __init__(self, upstream: str) -> None:
        self.upstream, self.url = upstream, ""
        self.statements: list[dict[str, Any]] = []
        self.text = "User is not authorized to perform the action"
        self.calls: list[str] = []

    def allows(self, action: str, name: str) -> bool:
        """Say whether a statement allows an action on a secret's name."""
        arn = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:{name}-AbCdEf"
        return any(
            f"secretsmanager:{action}" in one["Action"]
            and any(fnmatch.fnmatchcase(arn, resource) for resource in one["Resource"])
            for one in self.statements
        )


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        gate: Gate = self.server.gate
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        target = self.headers.get("x-amz-target", "")
        if target.startswith("secretsmanager."):
            action, asked = target.split(".")[1], json.loads(body)
            gate.calls.append(action)
            if not gate.allows(action, asked.get("SecretId") or asked.get("Name") or "*"):
                self._answer(400, json.dumps({"__type": "AccessDeniedException", "Message": gate.text}).encode())
                return
        upstream = http.client.HTTPConnection(urlsplit(gate.upstream).netloc, timeout=30)
        upstream.request("POST", self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        self._answer(answer.status, answer.read(), answer.getheader("content-type"))
        upstream.close()

    def _answer(self, status: int, data: bytes, kind: str | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind or "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@contextmanager
def running(upstream: str) -> Iterator[Gate]:
    """Run a gate on a free loopback port; it lets nothing through until it is told to."""
    gate = Gate(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.gate = gate  # type: ignore[attr-defined]
    with served(server) as gate.url:
        yield gate
