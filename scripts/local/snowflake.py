"""The rehearsal's Snowflake: an ASGI front over fakesnow's server.

Reached through scripts.local.outside, which is the proxy that every task sees.
One in-memory database is shared by all connections and lives as long as the process.
"""

import asyncio
import gzip
import hmac
import json
import logging
import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from fakesnow.server import app as fakesnow_app
from fakesnow.server import shared_fs

from scripts.local.snowflake_errors import in_own_words
from scripts.local.snowflake_sql import rewrite
from scripts.local.snowflake_statement import Statement
from scripts.local.snowflake_values import correct_values

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Message, Receive, Send], Awaitable[None]]
type Answer = dict[str, Any]

QUERY_PATH = "/queries/v1/query-request"
LOGIN_PATH = "/session/v1/login-request"
PASSWORD_VARIABLE = "REHEARSAL_SNOWFLAKE_PASSWORD"  # noqa: S105 - a name, no password
INCORRECT_LOGIN = "390100"
INTERNAL_ERROR = "000603"

_failures: ContextVar[list[BaseException] | None] = ContextVar("failures", default=None)


class _FailureRecorder(logging.Handler):
    """Keeps the exceptions that fakesnow logs, and only logs, for the answer to the client.

    fakesnow answers a statement it cannot run with "Unhandled exception" and no cause, so its
    log record is the only place that holds the reason.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Add the record's exception to the failures of the request being served."""
        failures = _failures.get()
        if failures is not None and record.exc_info and record.exc_info[1]:
            failures.append(record.exc_info[1])


correct_values()
# Snowflake refuses to divide by zero; DuckDB answers infinity unless told otherwise.
shared_fs.duck_conn.execute("set global ieee_floating_point_ops = false")
logging.getLogger("fakesnow.server").addHandler(_FailureRecorder())


class SnowflakeFront:
    """Serve Snowflake's HTTP interface by rewriting what fakesnow does not understand."""

    def __init__(self, inner: App) -> None:
        self._inner = inner
        # DuckDB aborts one of two transactions that change the same row, and fakesnow keeps one catalogue
        # for all sessions. One statement at a time cannot collide and, with 4 dbt threads, is faster too.
        self._one_statement = asyncio.Lock()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one ASGI event."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        if scope["path"] not in {QUERY_PATH, LOGIN_PATH}:
            await self._inner(scope, receive, send)
            return
        body = read_json(scope, await _read_body(receive))
        async with self._one_statement:
            status, answer = await self._answer(scope, body)
        await _send_json(send, status, answer)

    async def _answer(self, scope: Message, body: Answer) -> tuple[int, Answer]:
        """Return the status and the answer to a login or a query."""
        if scope["path"] == QUERY_PATH:
            statement = Statement(body["sqlText"], rewrite(body["sqlText"]))
            status, answer = await _ask(self._inner, scope, {**body, "sqlText": statement.asked})
            return status, in_own_words(answer, statement)
        if login_accepted(body["data"], os.environ.get(PASSWORD_VARIABLE)):
            return await _ask(self._inner, scope, body)
        return HTTPStatus.OK, failure(INCORRECT_LOGIN, "Incorrect username or password was specified.")


def read_json(scope: Message, raw: bytes) -> Answer:
    """Return the request's JSON body; the connector gzips it."""
    zipped = (b"content-encoding", b"gzip") in [(k.lower(), v) for k, v in scope["headers"]]
    content: Answer = json.loads(gzip.decompress(raw) if zipped else raw)
    return content


def login_accepted(data: Answer, password: str | None) -> bool:
    """Tell whether a login is let in: by key pair, by the expected password, or by any if none is expected."""
    if password is None or data.get("AUTHENTICATOR") == "SNOWFLAKE_JWT":
        return True
    return hmac.compare_digest(str(data.get("PASSWORD", "")).encode(), password.encode())


def failure(code: str, message: str) -> Answer:
    """Return Snowflake's answer to a request that failed."""
    return {"data": {"errorCode": code, "sqlState": "XX000"}, "code": code, "message": message, "success": False}


def internal_error(sql: str, cause: BaseException | str) -> Answer:
    """Return a Snowflake error which names the real cause and the statement."""
    reason = cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}"
    return failure(INTERNAL_ERROR, f"The rehearsal's Snowflake cannot run this statement: {reason}\nSQL: {sql}")


async def _ask(inner: App, scope: Message, body: Answer) -> tuple[int, Answer]:
    """Send the body on to fakesnow and return its answer, an HTTP 500 turned into a Snowflake error.

    The connector repeats a request that got a 500 for minutes, which a user sees as a hang.
    """
    failures: list[BaseException] = []
    token = _failures.set(failures)
    try:
        status, content = await _call(inner, scope, json.dumps(body).encode())
    except Exception as error:
        failures.append(error)
        status, content = HTTPStatus.INTERNAL_SERVER_ERROR, b""
    finally:
        _failures.reset(token)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return status, json.loads(content)
    return HTTPStatus.OK, internal_error(body.get("sqlText", ""), failures[0] if failures else content.decode())


async def _call(inner: App, scope: Message, content: bytes) -> tuple[int, bytes]:
    """Call an ASGI app with this content and return the status and body of its answer."""
    kept = [(k, v) for k, v in scope["headers"] if k.lower() not in {b"content-encoding", b"content-length"}]
    scope = {**scope, "headers": [*kept, (b"content-length", str(len(content)).encode())]}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await inner(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def _read_body(receive: Receive) -> bytes:
    """Return the whole body of the request."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send_json(send: Send, status: int, answer: Answer) -> None:
    """Send a JSON answer."""
    content = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


app = SnowflakeFront(fakesnow_app)
