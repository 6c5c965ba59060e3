"""`mwaa open`: Airflow's UI in the browser, logged in by a token of MWAA's."""

from __future__ import annotations

import secrets
import threading
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import requests

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.web import PAGES

LIMIT = 30.0  # seconds for a browser to come
SECONDS = 60  # that a token is good for


def login_url(environment: Environment) -> str:
    """Return an address that logs in to Airflow's UI; it holds a secret, good for a minute."""
    login = environment.mwaa.web_token()
    return f"{login.url}/{PAGES[environment.is_2]}/aws-console-sso?login=true#{login.token}"


def open_browser(environment: Environment) -> None:
    """Open Airflow's UI in the browser.

    The browser is given the address of a page on loopback, good for one visit, that leads it on: what it is given
    stands in an argument list, which all users of the machine can see.

    Raises:
        ProjectError: if there is no browser, or none comes.
    """
    door = _Door(login_url(environment))
    threading.Thread(target=door.serve_forever, daemon=True).start()
    try:
        came = webbrowser.open(door.url) and door.came.wait(LIMIT)
    finally:
        door.shutdown()
        door.server_close()
    if not came:
        raise ProjectError(
            "No browser has come for the page.",
            "mwaa open",
            f"`mwaa open --print --env {environment.name}` prints the address; set BROWSER to a browser's command",
        )


class _Door(HTTPServer):
    """Leads its first visitor to a target."""

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.path, self.came = target, f"/{secrets.token_urlsafe(16)}", threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}{self.path}"


class _Handler(BaseHTTPRequestHandler):
    server: _Door

    def do_GET(self) -> None:
        first = self.path == self.server.path and not self.server.came.is_set()
        self.send_response(requests.codes.found if first else requests.codes.not_found)
        if first:
            self.send_header("Location", self.server.target)
            self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", "0")
        self.end_headers()
        if first:
            self.server.came.set()

    def log_message(self, *_: Any) -> None:
        """Stay silent."""
