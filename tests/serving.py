"""Servers of tests, on loopback."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from moto.server import ThreadedMotoServer

# What a server says of its own connection, not of the answer.
OWN = ("content-length", "transfer-encoding", "connection", "date", "server")


class Reply(NamedTuple):
    """An answer: its status, its body, and its headers as pairs."""

    status: int
    data: bytes = b""
    headers: Iterable[tuple[str, str]] = ()


class Part(Protocol):
    """What a server's handlers work on; it learns the server's address."""

    url: str


class Handler(BaseHTTPRequestHandler):
    """Answers every method by `answer`, without a word on the terminal."""

    protocol_version = "HTTP/1.1"
    server: Any

    @property
    def part(self) -> Any:
        """What the server was made with."""
        return self.server.part

    def answer(self, body: bytes) -> Reply | None:
        """Return what is answered; None hangs up."""
        raise NotImplementedError

    def forward(self, upstream: str, body: bytes) -> Reply:
        """Return what another server answers."""
        connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers))
        found = connection.getresponse()
        reply = Reply(found.status, found.read(), found.getheaders())
        connection.close()
        return reply

    def _handle(self) -> None:
        reply = self.answer(self.rfile.read(int(self.headers.get("content-length") or 0)))
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        told = {name.lower(): value for name, value in reply.headers}
        for name, value in reply.headers:
            if name.lower() not in OWN:
                self.send_header(name, value)
        head, length = self.command == "HEAD", str(len(reply.data))
        self.send_header("content-length", told.get("content-length", length) if head else length)
        self.end_headers()
        if not head:
            self.wfile.write(reply.data)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - as http.server wants it

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@contextmanager
def served(server: HTTPServer) -> Iterator[str]:
    """Run a server and return its address."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving[Given: Part](
    handler: type[Handler], part: Given, kind: type[HTTPServer] = ThreadingHTTPServer
) -> Iterator[Given]:
    """Run a server on a free loopback port for a part, and return that."""
    server = kind(("127.0.0.1", 0), handler)
    server.part = part  # type: ignore[attr-defined]
    with served(server) as part.url:
        yield part


@contextmanager
def moto() -> Iterator[str]:
    """Run AWS as moto serves it on a free loopback port, and return its address."""
    # One line per request would hide what a failed test says.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()
