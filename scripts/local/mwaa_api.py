"""The rehearsal's MWAA API, as boto3's `mwaa` client speaks it.

Clients need `inject_host_prefix=False`: loopback has no `api.` and no `env.` before its name.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import requests
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scripts.aws import Aws
from scripts.local import record, state
from scripts.local.container import Container
from scripts.local.record import Record
from scripts.local.update import RefusedError, Updates
from scripts.paths import Paths

METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
LONGEST = 64  # characters of a path
PATIENCE = 10.0  # seconds, MWAA's own limit


class Front:
    """Answers requests for the one environment that there is."""

    def __init__(self, paths: Paths, updates: Updates) -> None:
        self.paths, self.updates = paths, updates

    async def list(self, _: Request) -> Response:
        """Answer ListEnvironments."""
        found = record.read(self.paths)
        return JSONResponse({"Environments": [found["Name"]] if found else []})

    async def get(self, request: Request) -> Response:
        """Answer GetEnvironment."""
        return JSONResponse({"Environment": self._found(request)})

    async def update(self, request: Request) -> Response:
        """Answer UpdateEnvironment."""
        found = self._found(request)
        await run_in_threadpool(self.updates.begin, await _body(request))
        return JSONResponse({"Arn": found["Arn"]})

    async def ask(self, request: Request) -> Response:
        """Answer InvokeRestApi."""
        self._found(request)
        return await run_in_threadpool(self._ask, await _body(request))

    def _found(self, request: Request) -> Record:
        name, found = request.path_params["name"], record.read(self.paths)
        if found is None or found["Name"] != name:
            raise RefusedError("ResourceNotFoundException", f"Environment not found: {name}", 404)
        return found

    def _ask(self, wish: dict[str, Any]) -> Response:
        method, path = wish.get("Method"), str(wish.get("Path", ""))
        if method not in METHODS or not 1 <= len(path) <= LONGEST:
            raise RefusedError("ValidationException", f"Method or Path is not valid: {method} {path}")
        url = state.needed(self.paths).url("airflow")
        try:
            status, answer = _airflow(url, str(method), path, wish)
        except requests.RequestException as error:
            status, answer = 503, {"detail": f"Airflow does not answer: {error}"}
        body = {"RestApiStatusCode": status, "RestApiResponse": answer}
        if status < requests.codes.bad_request:
            return JSONResponse(body)
        kind = "Client" if status < requests.codes.internal_server_error else "Server"
        return JSONResponse(body, 400, {"x-amzn-ErrorType": f"RestApi{kind}Exception"})


def _airflow(url: str, method: str, path: str, wish: dict[str, Any]) -> tuple[int, Any]:
    with requests.Session() as session:
        session.trust_env = False
        token = session.get(f"{url}/auth/token", timeout=PATIENCE).json()["access_token"]
        answer = session.request(
            method,
            f"{url}/api/v2/{path.lstrip('/')}",
            params=wish.get("QueryParameters"),
            json=wish.get("Body"),
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
        )
    try:
        return answer.status_code, answer.json()
    except requests.JSONDecodeError:
        return answer.status_code, answer.text


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError("ValidationException", "The body is no JSON object.")
    return body


async def _refuse(_: Request, error: Exception) -> Response:
    code, message, status = (
        (error.code, error.message, error.status) if isinstance(error, RefusedError) else ("", "", 500)
    )
    return JSONResponse({"message": message}, status, {"x-amzn-ErrorType": code or "InternalServerException"})


def app(paths: Paths, updates: Updates) -> Starlette:
    """Return the server for a project's rehearsal."""
    front = Front(paths, updates)
    routes = [
        Route("/environments", front.list, methods=["GET"]),
        Route("/environments/{name}", front.get, methods=["GET"]),
        Route("/environments/{name}", front.update, methods=["PATCH"]),
        Route("/restapi/{name}", front.ask, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={RefusedError: _refuse, Exception: _refuse})


def rehearsed() -> Starlette:
    """Return the server for the rehearsal that this process belongs to."""
    paths = Paths(Path(os.environ[state.MARK]))
    rehearsal = state.needed(paths)
    bucket = Aws(rehearsal.region, rehearsal.url("aws")).bucket(rehearsal.bucket)

    def replace(wanted: Record, graceful: bool) -> None:
        # Read anew: the processes of before are noted there.
        Container(paths, state.needed(paths), bucket).replace(wanted, graceful)

    return app(paths, Updates(paths, bucket, replace))
