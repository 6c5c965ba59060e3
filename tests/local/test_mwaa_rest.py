"""InvokeRestApi of the rehearsal, with MWAA's limits."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.exceptions
import pytest

from scripts.aws import Aws
from tests.local.conftest import NAME, Stand


@pytest.fixture(autouse=True)
def room(shared: Stand) -> None:
    """Let a moment pass, in which MWAA has room for three more calls."""
    time.sleep(0.3)


def invoke(stand: Stand, path: str, method: str = "GET", **more: Any) -> Any:
    """Return what Airflow answers."""
    return stand.client.invoke_rest_api(Name=NAME, Path=path, Method=method, **more)["RestApiResponse"]


def refusal(stand: Stand, path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    """Return the error, as boto3 reads it."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        invoke(stand, path, method, **more)
    return dict(caught.value.response)


def test_airflow_is_asked(shared: Stand) -> None:
    """The version is put before the path; query and body arrive as documents of any kind, with Airflow's own token."""
    done = shared.client.invoke_rest_api(
        Name=NAME,
        Path="/dags/shop/dagRuns",
        Method="POST",
        QueryParameters={"limit": 5, "paused": False, "state": ["running", "failed"]},
        Body={"conf": {"a": [1, None]}},
    )
    assert done["RestApiStatusCode"] == 200
    asked = done["RestApiResponse"]
    assert asked["path"] == "/api/v2/dags/shop/dagRuns?limit=5&paused=false&state=running&state=failed"
    assert asked["method"] == "POST"
    assert json.loads(asked["body"]) == {"conf": {"a": [1, None]}}
    assert asked["authorization"] == "Bearer let-me-in"
    assert invoke(shared, "dags", "PATCH", Body={})["path"] == "/api/v2/dags"
    assert invoke(shared, "/text") == "no JSON"


def test_errors_have_their_members(shared: Stand) -> None:
    """What Airflow refuses, and where it fails, are two exceptions, with its status and answer."""
    client, server = refusal(shared, "/missing"), refusal(shared, "/broken")
    assert (client["Error"]["Code"], client["RestApiStatusCode"]) == ("RestApiClientException", 404)
    assert (server["Error"]["Code"], server["RestApiStatusCode"]) == ("RestApiServerException", 500)
    assert client["RestApiResponse"]["path"] == "/api/v2/missing"


@pytest.mark.parametrize(
    "path", ["/../auth/token", "/dags/../../auth/token", "/%2e%2e/auth/token", "/dags?limit=1", "/" + "x" * 64, ""]
)
def test_paths_stay_in_the_api(shared: Stand, path: str) -> None:
    """No path leads out of /api/v2, where logins and FAB's users and roles are; 64 characters is the longest."""
    answer = shared.call("InvokeRestApi", Name=NAME, Path=path, Method="GET")
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert "Path" in answer.json()["message"]


@pytest.mark.parametrize("query", [[1], "limit=5", {"limit": {"most": 5}}])
def test_queries_are_flat(shared: Stand, query: Any) -> None:
    """A query that no URL can have is refused."""
    answer = shared.call("InvokeRestApi", Name=NAME, Path="/dags", Method="GET", QueryParameters=query)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")


def test_large_answers_are_refused(shared: Stand) -> None:
    """More than 6 MB do not come through."""
    assert "6,291,456 bytes" in refusal(shared, "/large")["RestApiResponse"]["detail"]


def test_slow_answers_are_ended(shared: Stand) -> None:
    """After ten seconds there is an error, though Airflow has begun to answer, whether it goes on or not."""
    begun = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        slow, stuck = pool.map(lambda path: refusal(shared, path), ("/slow", "/stuck"))
    assert 9 < time.monotonic() - begun < 13
    assert (slow["Error"]["Code"], slow["RestApiStatusCode"]) == ("RestApiServerException", 504)
    assert (stuck["Error"]["Code"], stuck["RestApiStatusCode"]) == ("RestApiServerException", 503)
    assert "timed out" in stuck["RestApiResponse"]["detail"]


def test_calls_are_throttled(shared: Stand) -> None:
    """Of many calls at once, about ten come through; boto3 waits by itself and gets all of them through."""

    def code(_: int) -> str:
        answer = shared.call("InvokeRestApi", Name=NAME, Path="/dags", Method="GET")
        return str(answer.headers.get("x-amzn-ErrorType", answer.status_code))

    time.sleep(1)
    with ThreadPoolExecutor(40) as pool:
        codes = list(pool.map(code, range(40)))
    assert set(codes) == {"200", "ThrottlingException"}
    assert 10 <= codes.count("200") < 40
    mwaa = Aws("eu-central-1", mwaa=shared.rehearsal.url("mwaa")).environment(NAME)
    assert len([mwaa.ask("GET", "/dags") for _ in range(25)]) == 25
