"""Airflow's web server in a rehearsal: what differs between that of Airflow 2 and the API server of Airflow 3.

On either, every visitor is an admin without a login, since loopback is all that leads there.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import requests

from mwaa_dbt.sizing import is_2
from scripts.airflow.web import API, COOKIE, PAGES
from scripts.local.state import Rehearsal

PATIENCE = 10.0  # seconds
# Of Airflow 2, whose users and roles are Flask AppBuilder's.
CONFIG = "AUTH_ROLE_PUBLIC = 'Admin'\nWTF_CSRF_ENABLED = True\n"


class AirflowWeb:
    """The web server of Airflow 3; `process` is its name among the rehearsal's, and its command."""

    process: ClassVar[str] = "api-server"
    old: ClassVar[bool] = False
    _health: ClassVar[str] = "api/v2/monitor/health"

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.url = rehearsal.url("airflow")
        self.port = str(rehearsal.ports["airflow"])

    @property
    def api(self) -> str:
        """Where its REST API begins."""
        return f"{self.url}/{API[self.old]}"

    @property
    def health(self) -> str:
        """What answers once it is up."""
        return f"{self.url}/{self._health}"

    @property
    def login(self) -> str:
        """The path at which MWAA's own plugin changes a token into a session."""
        return f"/{PAGES[self.old]}/login"

    @property
    def cookie(self) -> str:
        """The name of a session's cookie."""
        return COOKIE[self.old]

    def command(self, folder: Path) -> list[object]:
        """Return the words after `airflow` that start it; `folder` is the rehearsal's own."""
        return [self.process]

    def options(self, folder: Path) -> dict[str, str]:
        """Return the Airflow options of a web server on loopback that lets everybody in."""
        return {
            "api.base_url": self.url,
            "api.host": "127.0.0.1",
            "api.port": self.port,
            "api.workers": "1",
            "core.auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "core.execution_api_server_url": f"{self.url}/execution/",
            "core.simple_auth_manager_all_admins": "True",
        }

    def session(self) -> str:
        """Return the value of a new session's cookie.

        Raises:
            requests.RequestException: if the web server does not answer.
        """
        with requests.Session() as session:
            session.trust_env = False
            return token(session, self.url)

    def headers(self, session: requests.Session) -> dict[str, str]:
        """Return what a request to the REST API has to have; `session` is used to ask for it."""
        return {"Authorization": f"Bearer {token(session, self.url)}"}


class AirflowWeb2(AirflowWeb):
    """The web server of Airflow 2."""

    process = "webserver"
    old = True
    _health = "health"

    def command(self, folder: Path) -> list[object]:
        """Return the command; gunicorn's files of process ids would else lie in the home that all share."""
        return [self.process, "--pid", folder / "webserver.pid"]

    def options(self, folder: Path) -> dict[str, str]:
        """Return the options, of which one is a file that is written here."""
        config = folder / "webserver_config.py"
        config.write_text(CONFIG)
        return {
            # Airflow's own default; whoever has no session is the public role.
            "api.auth_backends": "airflow.api.auth.backend.session",
            "webserver.base_url": self.url,
            "webserver.config_file": str(config),
            "webserver.web_server_host": "127.0.0.1",
            "webserver.web_server_port": self.port,
            "webserver.workers": "1",
        }

    def session(self) -> str:
        """Return the value of a cookie that Flask gives a visitor."""
        with requests.Session() as session:
            session.trust_env = False
            return str(session.get(f"{self.url}/home", timeout=PATIENCE).cookies[self.cookie])

    def headers(self, session: requests.Session) -> dict[str, str]:
        """Return nothing: no request needs more."""
        return {}


def airflow_web(rehearsal: Rehearsal) -> AirflowWeb:
    """Return the web server of a rehearsal's Airflow."""
    return (AirflowWeb2 if is_2(rehearsal.airflow) else AirflowWeb)(rehearsal)


def token(session: requests.Session, url: str) -> str:
    """Return a token of Airflow 3's for an admin, as MWAA's service has one."""
    return str(session.get(f"{url}/auth/token", timeout=PATIENCE).json()["access_token"])
