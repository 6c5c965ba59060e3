"""A server between a deploy and S3 that does to a call what a network or an operator can do."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.serving import served

PASSED_ON = ("content-length", "transfer-encoding", "connection", "date", "server")


@dataclass
class Call:
    """One call of S3's API, with its number from 1 on."""

    number: int
    method: str
    path: str


# Called after S3 has answered and before the caller hears of it; a status given instead of None is the answer, with
# an S3 error code. Called before S3 hears of the call if `before` is set.
Fault = Callable[[Call], tuple[int, str] | None]


@dataclass
class Proxy:
    """Counts calls; `after` and `before` do what they do to each."""

    upstream: str
    calls: list[Call] = field(default_factory=list)
    after: Fault = lambda _: None
    before: Fault = lambda _: None
    url: str = ""
    guard: Any = field(default_factory=threading.Lock)

    def count(self, method: str, path: str) -> Call:
        """Note a call."""
        with self.guard:
            call = Call(len(self.calls) + 1, method, path)
            self.calls.append(call)
            return call


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def _pass_on(self) -> None:
        proxy: Proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        call = proxy.count(self.command, self.path)
        if refused := proxy.before(call):
            self._refuse(*refused)
            return
        upstream = http.client.HTTPConnection(urlsplit(proxy.upstream).netloc, timeout=60)
        upstream.request(self.command, self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        if refused := proxy.after(call):
            self._refuse(*refused)
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in PASSED_ON:
                self.send_header(name, value)
        self._send(data, answer.getheader("content-length"))

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/xml")
        text = f"<Error><Code>{code}</Code><Message>told by the test</Message></Error>"
        self._send(b"" if self.command == "HEAD" else text.encode(), None)

    def _send(self, data: bytes, length: str | None) -> None:
        self.send_header("content-length", length if self.command == "HEAD" and length else str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = _pass_on  # noqa: N815 - as http.server wants it

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing of a caller that was killed."""


@contextmanager
def running(upstream: str) -> Iterator[Proxy]:
    """Run a proxy on a free loopback port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.proxy = proxy = Proxy(upstream)  # type: ignore[attr-defined]
    with served(server) as proxy.url:
        yield proxy
