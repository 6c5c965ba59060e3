"""The rehearsal's internet: an HTTP proxy that knows three hosts and refuses all others.

HTTP_PROXY leads every task here, so connections name the same hosts whatever port was free; dbt hashes
host and port of a profile, and a changed hash would cost each task a full parse.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from scripts.local import slack, snowflake

HOSTS: dict[str, ASGIApp] = {
    "snowflake.localhost": snowflake.app,
    "slack.localhost": slack.app,
    "hooks.slack.localhost": slack.hooks,
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request to the host it names."""
    if scope["type"] != "http":
        return
    host = dict(scope["headers"]).get(b"host", b"").decode().rsplit(":", 1)[0]
    answer = HOSTS.get(host) or PlainTextResponse(f"The rehearsal has no host {host!r}, only {', '.join(HOSTS)}.", 403)
    await answer(origin_form(scope), receive, send)


def origin_form(scope: Scope) -> Scope:
    """Return the scope with a bare path.

    A proxied request carries the absolute form, `POST http://host:80/path`, and uvicorn hands the whole of it
    on as the path.
    """
    path = scope["path"] if scope["path"].startswith("/") else urlsplit(scope["path"]).path or "/"
    return {**scope, "path": path, "raw_path": path.encode()}
