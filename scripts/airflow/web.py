"""A session with an environment's web server: a token of MWAA's is changed into a login of Airflow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from requests.auth import AuthBase

from mwaa_dbt.errors import ProjectError
from scripts.airflow.rest import Answer, Ask, read_answer
from scripts.aws import Login

# Where a web server of Airflow 2 and of 3 has MWAA's own pages (MWAA user guide, call-mwaa-apis-web).
PAGES = {True: "aws_mwaa", False: "pluginsv2/aws_mwaa"}
API = {True: "api/v1", False: "api/v2"}
COOKIE = {True: "session", False: "_token"}
CONNECT, READ = 5.0, 60.0  # seconds
REFUSED = (requests.codes.unauthorized, requests.codes.forbidden)


class Bearer(AuthBase):
    """Sends a token, or nothing at all: else requests would send what ~/.netrc has for the host."""

    def __init__(self, token: str = "") -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token into a request."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Web:
    """Airflow's REST API at the web server itself; it logs in when it is first asked.

    Args:
        token: makes a web token.
        is_2: whether it is Airflow 2, whose session is a cookie; that of 3 is a token.
    """

    def __init__(self, token: Callable[[], Login], is_2: bool) -> None:
        self._token, self._is_2, self._url = token, is_2, ""
        self._session: requests.Session | None = None

    def send(self, ask: Ask) -> Answer:
        """Send a request; whoever is not let in logs in anew, once.

        Raises:
            ProjectError: if the web server cannot be reached or lets nobody in.
        """
        if fresh := self._session is None:
            self._login()
        answer = self._once(ask)
        if answer.status in REFUSED and not fresh:
            self._login()
            answer = self._once(ask)
        return answer

    def _once(self, ask: Ask) -> Answer:
        url = f"{self._url}/{API[self._is_2]}/{ask.address}"
        return read_answer(request(self._session or new_session(url), ask.method, url, json=ask.body))

    def _login(self) -> None:
        status = self._change()
        # It lives for a minute only, and this machine may have slept.
        if status in REFUSED:
            status = self._change()
        if status:
            raise refused(f"{self._url}/…/login", status)

    def _change(self) -> int:
        """Change a new token into a session; return HTTP's status if the web server does not take it, else 0."""
        login = self._token()
        session, self._url = new_session(login.url), login.url
        url = f"{login.url}/{PAGES[self._is_2]}/login"
        answer = request(session, "POST", url, data={"token": login.token}, allow_redirects=False)
        key = answer.cookies.get(COOKIE[self._is_2])
        if not key or answer.status_code >= requests.codes.bad_request:
            return answer.status_code
        session.auth, self._session = Bearer("" if self._is_2 else key), session
        return 0


def new_session(url: str) -> requests.Session:
    """Return a session for a web server; that of the rehearsal is on loopback, where no proxy leads."""
    session = requests.Session()
    session.trust_env = url.startswith("https://")
    session.auth = Bearer()
    # Airflow 2 answers whoever does not say so with the bare text of a log.
    session.headers["Accept"] = "application/json"
    return session


def request(session: requests.Session, method: str, url: str, **given: Any) -> requests.Response:
    """Send a request to a web server.

    Raises:
        ProjectError: if it cannot be reached.
    """
    try:
        return session.request(method, url, **{"timeout": (CONNECT, READ), **given})
    except requests.RequestException as error:
        raise ProjectError(
            f"The web server does not answer: {_short(error)}", url, "mend the connection, then run the same command"
        ) from None


def _short(error: requests.RequestException) -> str:
    kinds = {
        requests.exceptions.SSLError: "its certificate is not accepted",
        requests.ConnectTimeout: f"no connection in {CONNECT:.0f} s",
        requests.Timeout: f"no answer in {READ:.0f} s",
        requests.ConnectionError: "no connection",
    }
    reason = getattr(error.args[0], "reason", None) if error.args else None
    told = next((text for kind, text in kinds.items() if isinstance(error, kind)), str(error))
    return f"{told} ({str(reason).rsplit(': ', maxsplit=1)[-1]})" if reason else told


def refused(url: str, status: int) -> ProjectError:
    """Return the error of a web server that does not take a new token of MWAA's."""
    return ProjectError(
        f"The web server does not take MWAA's token, not even a second one: it answers {status}.",
        url,
        "run the same command in a minute; if it stays so, look at `mwaa logs --component webserver`",
    )
