"""The rehearsal's Slack: takes the API calls and keeps the messages in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

# Slack's own names for a missing and a wrong token.
NO_TOKEN, WRONG_TOKEN = "not_authed", "invalid_auth"


async def call(request: Request) -> JSONResponse:
    """Answer an API method as Slack does, and keep what was posted."""
    if refusal := _refusal(request.headers.get("authorization", "")):
        return JSONResponse({"ok": False, "error": refusal})
    body = (await request.body()).decode()
    message = json.loads(body) if body.startswith("{") else {key: values[0] for key, values in parse_qs(body).items()}
    method = request.path_params["method"]
    with Path(os.environ["REHEARSAL_SLACK_FILE"]).open("a") as file:
        file.write(json.dumps({"method": method, **message}) + "\n")
    return JSONResponse({"ok": True, "channel": message.get("channel"), "ts": "1.0", "message": message})


def _refusal(authorization: str) -> str | None:
    if not authorization:
        return NO_TOKEN
    return None if authorization == f"Bearer {os.environ['REHEARSAL_SLACK_TOKEN']}" else WRONG_TOKEN


app = Starlette(routes=[Route("/api/{method}", call, methods=["POST"])])
