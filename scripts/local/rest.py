"""InvokeRestApi: Airflow's REST API through MWAA's, with MWAA's limits (its user guide, using the REST API)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import requests
from urllib3.exceptions import HTTPError

from scripts.local.airflow_web import AirflowWeb
from scripts.local.refusal import RefusedError, invalid
from scripts.local.throttle import RATE, Throttle

LIMIT = 10.0  # seconds
LARGEST = 6 * 1024 * 1024  # bytes of an answer
CHUNK = 64 * 1024  # bytes


class Rest:
    """Calls Airflow's REST API for whoever may call MWAA's."""

    def __init__(self) -> None:
        self._throttle = Throttle()

    def invoke(self, web: AirflowWeb, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Return what Airflow answers.

        Args:
            web: Airflow's web server.
            wish: InvokeRestApi's members.

        Raises:
            RefusedError: if the request makes no sense, there are too many, or Airflow refuses it.
        """
        if not self._throttle.take():
            raise RefusedError("ThrottlingException", f"Rate exceeded: {RATE:.0f} requests a second")
        path = _path(str(wish["Path"]))
        query = _query(wish.get("QueryParameters", {}))
        try:
            status, body = _call(web, path, query, wish)
        except (requests.RequestException, HTTPError) as error:
            raise _refused("Server", 503, {"detail": f"Airflow does not answer: {error}"}) from None
        if status < requests.codes.bad_request:
            return {"RestApiStatusCode": status, "RestApiResponse": body}
        raise _refused("Client" if status < requests.codes.internal_server_error else "Server", status, body)


def _path(path: str) -> str:
    # They would lead out of the REST API, where MWAA lets nobody.
    if any(part in (".", "..") for part in unquote(path).split("/")) or "?" in path or "#" in path:
        raise invalid(f"Path is not valid: {path}")
    return path.lstrip("/")


def _query(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or any(isinstance(value, dict) for value in given.values()):
        raise invalid("QueryParameters must be an object of plain values or lists of them")
    lists = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    return {name: [_text(one) for one in values] for name, values in lists.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _call(web: AirflowWeb, path: str, query: Mapping[str, Any], wish: Mapping[str, Any]) -> tuple[int, Any]:
    end = time.monotonic() + LIMIT
    with requests.Session() as session:
        session.trust_env = False
        headers = {**web.headers(session), "Accept": "application/json", "Accept-Encoding": "identity"}
        with session.request(
            str(wish["Method"]),
            f"{web.api}/{path}",
            params=query,
            json=wish.get("Body"),
            headers=headers,
            timeout=max(end - time.monotonic(), 0.1),
            stream=True,
            allow_redirects=False,
        ) as answer:
            return answer.status_code, _document(_read(answer, end))


def _read(answer: requests.Response, end: float) -> bytes:
    found = b""
    while chunk := answer.raw.read1(CHUNK):
        found += chunk
        if len(found) > LARGEST:
            raise _refused("Server", 500, {"detail": f"The answer has more than {LARGEST:,} bytes, MWAA's limit."})
        if time.monotonic() > end:
            raise _refused("Server", 504, {"detail": f"Airflow answers longer than {LIMIT:.0f} s, MWAA's limit."})
    return found


def _document(data: bytes) -> Any:
    try:
        return json.loads(data) if data else None
    except ValueError:
        return data.decode(errors="replace")


def _refused(kind: str, status: int, body: Any) -> RefusedError:
    members = {"RestApiStatusCode": status, "RestApiResponse": body}
    return RefusedError(f"RestApi{kind}Exception", f"Airflow answers {status}", 400, members)
