"""Airflow 3's REST API in its own Python: each line of its input is a request as JSON, each of its output an answer."""

from __future__ import annotations

import json
import sys
import warnings

warnings.simplefilter("ignore")

from airflow.api_fastapi.app import create_app  # noqa: E402 - it warns as it is imported
from fastapi.testclient import TestClient  # noqa: E402


def main() -> None:
    """Answer until the input ends."""
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        headers = {"Authorization": f"Bearer {client.get('/auth/token').json()['access_token']}"}
        for line in sys.stdin:
            ask = json.loads(line)
            answer = client.request(ask["method"], f"/api/v2/{ask['address']}", json=ask["body"], headers=headers)
            content = answer.json() if answer.content else None
            print(f"answer {json.dumps([answer.status_code, content])}", flush=True)


if __name__ == "__main__":
    main()
