"""`mwaa airflow …`: one command of Airflow's CLI, run by MWAA on the web server."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from typing import NamedTuple

import requests

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.web import CONNECT, REFUSED, Bearer, new_session, refused, request

READ = 300.0  # seconds; a command's output comes whole, at its end


class Output(NamedTuple):
    """What a command has written, and its exit code: MWAA tells no more than whether it failed."""

    code: int
    out: bytes
    err: bytes


def run(environment: Environment, words: Sequence[str]) -> Output:
    """Run a command and return its output; a token that is refused is asked for anew, once.

    Raises:
        ProjectError: if the web server cannot be reached, or answers anything but a command's output.
    """
    answer = _post(environment, words)
    if answer.status_code in REFUSED:
        answer = _post(environment, words)
    if answer.status_code in REFUSED:
        raise refused(answer.url, answer.status_code)
    try:
        found = answer.json()
        out, err = (base64.b64decode(found[name]) for name in ("stdout", "stderr"))
    except (ValueError, KeyError, TypeError):
        raise environment.closed(
            ProjectError(
                f"MWAA answers {answer.status_code} and no output: {' '.join(answer.text.split())[:200]}",
                f"{answer.url}: {words[0]} …",
                "see whether the command has had its effect; if not, run it again",
            )
        ) from None
    # A command that fails is answered with 400, and its output (MWAA user guide, call-mwaa-apis-cli).
    return Output(0 if answer.ok else 1, out, err)


def _post(environment: Environment, words: Sequence[str]) -> requests.Response:
    login = environment.mwaa.cli_token()
    session = new_session(login.url)
    session.auth = Bearer(login.token)
    given = {
        "data": shlex.join(words).encode(),
        "headers": {"Content-Type": "text/plain; charset=utf-8"},
        "timeout": (CONNECT, READ),
        "allow_redirects": False,
    }
    try:
        return request(session, "POST", f"{login.url}/aws_mwaa/cli", **given)
    except ProjectError as error:
        raise environment.closed(error) from None
