"""The rehearsal's internet: an HTTP proxy that knows two hosts and refuses all others.

HTTP_PROXY leads every task here, so connections name the same hosts whatever port was free; dbt hashes
host and port of a profile, and a changed hash would cost each task a full parse.
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from scripts.local import slack, snowflake

HOSTS: dict[str, ASGIApp] = {"snowflake.localhost": snowflake.app, "slack.localhost": slack.app}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request to the host it names."""
    if scope["type"] != "http":
        return
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode().rsplit(":", 1)[0]
    known = HOSTS.get(host)
    answer = known or PlainTextResponse(f"The rehearsal has no host {host!r}, only {', '.join(HOSTS)}.", 403)
    await answer(scope, receive, send)
