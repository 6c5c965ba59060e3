"""Ask Airflow's web server for dbt's documentation, as a visitor and as one who is logged in, in Airflow's Python."""

import gzip
import json
import os
import sys
from typing import Any

from airflow import __version__

MAGIC = b"\x1f\x8b"
PATHS = ("", "shop", "gone", "..%2Fsecret", "shop/index.html.gz")


def ask_3() -> dict[str, Any]:
    """Ask the API server of Airflow 3."""
    from airflow import settings
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.models.base import Base
    from fastapi.testclient import TestClient

    app = create_app(apps="core")
    # Airflow looks there whether a token was taken back.
    Base.metadata.create_all(settings.get_engine() if hasattr(settings, "get_engine") else settings.engine)
    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="eve", role="VIEWER"))
    answers = {}
    for name, cookies in (("visitor", {}), ("forged", {"_token": f"{token[:-3]}abc"}), ("viewer", {"_token": token})):
        client = TestClient(app, cookies=cookies)
        answers[name] = [client.get(f"/dbt-docs/{path}", follow_redirects=False) for path in PATHS]
    return answers


def ask_2() -> dict[str, Any]:
    """Ask the web server of Airflow 2, where who has no session is the public role."""
    from airflow.utils.db import initdb
    from airflow.www.app import create_app

    initdb()
    app = create_app(testing=True)
    answers = {}
    for name, role in (("visitor", None), ("viewer", "Viewer")):
        app.config["AUTH_ROLE_PUBLIC"] = role
        answers[name] = [app.test_client().get(f"/dbt-docs/{path}") for path in PATHS]
    return answers


def plain(answer: Any) -> list[Any]:
    """Return status, text and headers."""
    data = answer.content if hasattr(answer, "content") else answer.get_data()
    # Airflow 3's client unpacks it itself, as a browser does.
    text = gzip.decompress(data) if data.startswith(MAGIC) else data
    return [answer.status_code, text.decode(), dict(answer.headers)]


asked = ask_2() if __version__.startswith("2.") else ask_3()
os.write(int(sys.argv[1]), json.dumps({name: list(map(plain, found)) for name, found in asked.items()}).encode())
