"""The rehearsal's MWAA: its API as any client of AWS speaks it, and the environment's web server, on one address.

Routes, and what a request must look like, are those of botocore's model. Signatures are asked for, since a page in a
browser cannot send them, but not verified: whoever reaches loopback may all. docs/local-api.md is for users.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Served

from scripts.aws import Aws
from scripts.aws.shapes import Route, Shapes
from scripts.local import state
from scripts.local.container import Container
from scripts.local.operations import Operation, Operations
from scripts.local.record import Record
from scripts.local.refusal import RefusedError, invalid
from scripts.local.tokens import Tokens
from scripts.local.update import Updates
from scripts.local.webserver import Webserver
from scripts.paths import Paths

# Another name that leads to loopback is that of a web page which wants to be taken for us.
HOSTS = ["127.0.0.1", "localhost", "*.localhost"]


def app(paths: Paths, updates: Updates) -> Starlette:
    """Return the server for a project's rehearsal."""
    shapes, cli, web = Shapes(), Tokens(), Tokens()
    operations = Operations(paths, updates, cli, web).table
    routes = [_route(shapes, name, operations[name]) for name in shapes.operations]
    return Starlette(
        routes=[*routes, *Webserver(paths, cli, web).routes],
        exception_handlers={RefusedError: _refuse, Exception: _refuse},
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
    )


def rehearsed(paths: Paths) -> Starlette:
    """Return the server for the rehearsal that runs here."""
    rehearsal = state.needed(paths)
    aws = Aws(rehearsal.region, rehearsal.url("aws"))

    def replace(wanted: Record, graceful: bool) -> None:
        # Read anew: the processes of before are noted there.
        Container(paths, state.needed(paths), aws).replace(wanted, graceful)

    return app(paths, Updates(paths, aws.bucket(rehearsal.bucket), replace))


def _route(shapes: Shapes, name: str, operation: Operation) -> Served:
    route = shapes.route(name)
    # An ARN has slashes.
    path = route.path.replace("{ResourceArn}", "{ResourceArn:path}")
    return Served(path, _served(shapes, name, operation), methods=[route.method], name=name)


def _served(shapes: Shapes, name: str, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    route = shapes.route(name)

    async def serve(request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith("AWS4-"):
            raise RefusedError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        values = await _values(request, route)
        if faults := shapes.request(name, values):
            errors = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''}"
            raise invalid(f"{errors} detected: {'; '.join(faults)}")
        return _answer(await run_in_threadpool(operation, values), 200)

    return serve


async def _values(request: Request, route: Route) -> dict[str, Any]:
    """Return all members of a request, of the path, the query and the body."""
    query = {name: _queried(request, name, kind) for name, kind in route.query.items() if name in request.query_params}
    try:
        body = await request.json() if await request.body() else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid("The body is no JSON object.")
    return {**body, **query, **request.path_params}


def _queried(request: Request, name: str, kind: str) -> Any:
    if kind == "list":
        return request.query_params.getlist(name)
    text = request.query_params[name]
    return int(text) if kind == "integer" and re.fullmatch("[0-9]{1,9}", text) else text


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        error = RefusedError("InternalServerException", "", 500)
    return _answer(error.body, error.status, {"x-amzn-ErrorType": error.code})


def _answer(body: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(body, status, {"x-amzn-RequestId": str(uuid.uuid4()), **(headers or {})})
