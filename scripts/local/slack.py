"""The rehearsal's Slack: takes API calls and incoming webhooks, keeps the messages in a file, and fails when told to.

A file beside the messages names a fault while it is there: `hang`, `close`, `500`, or one of Slack's own errors.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

# Slack's own names for a missing and a wrong token.
NO_TOKEN, WRONG_TOKEN = "not_authed", "invalid_auth"
METHODS = ("api.test", "auth.test", "chat.postMessage")
WHO = {"url": "http://slack.localhost/", "team": "rehearsal", "user": "mwaa-dbt", "team_id": "T0", "user_id": "U0"}
# Channels that are not there, and those that the bot was not invited to.
MISSING, UNINVITED = "#missing", "#uninvited"
# Slack's limits: https://docs.slack.dev/reference/block-kit/blocks
BLOCKS, HEADER, SECTION, ELEMENTS = 50, 150, 3000, 10

type Message = dict[str, Any]

_numbers = itertools.count(1)


async def call(request: Request) -> Response:
    """Answer an API method as Slack does, and keep what was posted."""
    method = request.path_params["method"]
    message = await _message(request)
    if answer := await _fault(request, {"method": method, **message}):
        return answer
    error = _refusal(request.headers.get("authorization", "")) or _unknown(method)
    if not error and method == "chat.postMessage":
        error = _no_channel(str(message.get("channel", ""))) or _unfit(message)
    if error:
        return JSONResponse({"ok": False, "error": error})
    stamp = f"{int(time.time())}.{next(_numbers):06d}"
    _keep({"method": method, **message, "ts": stamp})
    if method == "chat.postMessage":
        return JSONResponse({"ok": True, "channel": message.get("channel"), "ts": stamp, "message": message})
    return JSONResponse({"ok": True, **WHO})


async def hook(request: Request) -> Response:
    """Answer an incoming webhook as Slack does: in plain text."""
    message = await _message(request)
    if answer := await _fault(request, {"method": "webhook", **message}):
        return answer
    team, bot, token = (request.path_params[name] for name in ("team", "bot", "token"))
    if not (team.startswith("T") and bot.startswith("B")):
        return PlainTextResponse("no_service", 404)
    if token != os.environ["REHEARSAL_SLACK_TOKEN"]:
        return PlainTextResponse("invalid_token", 403)
    if error := _unfit(message):
        return PlainTextResponse(error, 400)
    _keep({"method": "webhook", **message})
    return PlainTextResponse("ok")


async def _message(request: Request) -> Message:
    body = (await request.body()).decode()
    message: Message = (
        json.loads(body) if body.startswith("{") else {key: values[0] for key, values in parse_qs(body).items()}
    )
    # The provider sends blocks as a text of JSON within JSON.
    lists = {key: json.loads(message[key]) for key in ("blocks", "attachments") if isinstance(message.get(key), str)}
    return message | lists


def _keep(message: Message) -> None:
    with Path(os.environ["REHEARSAL_SLACK_FILE"]).open("a") as file:
        file.write(json.dumps(message) + "\n")


async def _fault(request: Request, message: Message) -> Response | None:
    switch = Path(os.environ["REHEARSAL_SLACK_FILE"]).with_suffix(".fault")
    fault = switch.read_text().strip() if switch.is_file() else ""
    if not fault:
        return None
    _keep({**message, "fault": fault})
    if fault == "hang":
        while not await request.is_disconnected():
            await asyncio.sleep(0.1)
    if fault in ("hang", "close"):
        # ASGI has no word for closing a connection without an answer.
        request.receive.__self__.transport.abort()  # type: ignore[attr-defined]
        return Response()
    if fault == "500":
        return PlainTextResponse("Internal Server Error", 500)
    return (
        PlainTextResponse(fault, 403) if message["method"] == "webhook" else JSONResponse({"ok": False, "error": fault})
    )


def _refusal(authorization: str) -> str | None:
    if not authorization:
        return NO_TOKEN
    return None if authorization == f"Bearer {os.environ['REHEARSAL_SLACK_TOKEN']}" else WRONG_TOKEN


def _unknown(method: str) -> str | None:
    return None if method in METHODS else "unknown_method"


def _no_channel(channel: str) -> str | None:
    if channel.startswith(UNINVITED):
        return "not_in_channel"
    return "channel_not_found" if not channel or channel.startswith(MISSING) else None


def _unfit(message: Message) -> str | None:
    blocks = message.get("blocks") or []
    if not message.get("text") and not blocks:
        return "no_text"
    return None if len(blocks) <= BLOCKS and all(map(_fits, blocks)) else "invalid_blocks"


def _fits(block: Message) -> bool:
    longest = {"header": HEADER, "section": SECTION}.get(block.get("type", ""))
    if longest:
        return 0 < len(block["text"]["text"]) <= longest
    if block.get("type") == "context":
        texts = [element["text"] for element in block["elements"]]
        return 0 < len(texts) <= ELEMENTS and all(0 < len(text) <= SECTION for text in texts)
    return block.get("type") == "divider"


app = Starlette(routes=[Route("/api/{method}", call, methods=["POST"])])
hooks = Starlette(
    routes=[Route("/services/{team}/{bot}/{token}", hook, methods=["POST"])],
    exception_handlers={404: lambda *_: PlainTextResponse("no_service", 404)},
)
