"""A server between a deploy and S3 that does to a call what a network or an operator can do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from tests.serving import Handler, Reply, serving


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


class _Handler(Handler):
    def answer(self, body: bytes) -> Reply:
        proxy: Proxy = self.part
        call = proxy.count(self.command, self.path)
        if refused := proxy.before(call):
            return _refusal(*refused)
        reply = self.forward(proxy.upstream, body)
        refused = proxy.after(call)
        return _refusal(*refused) if refused else reply


def _refusal(status: int, code: str) -> Reply:
    text = f"<Error><Code>{code}</Code><Message>told by the test</Message></Error>"
    # With a length, the answer to a HEAD is one that has a body.
    return Reply(status, text.encode(), [("content-type", "application/xml"), ("content-length", "0")])


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of a caller that was killed."""


def running(upstream: str) -> AbstractContextManager[Proxy]:
    """Run a proxy on a free loopback port."""
    return serving(_Handler, Proxy(upstream), _Server)
