"""The ways to an environment's REST API: InvokeRestApi, and, for what that refuses, a session with the web server."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable

from mwaa_dbt.errors import ProjectError
from scripts.airflow.rest import Answer, Ask
from scripts.airflow.web import Web
from scripts.aws import AwsError, DeniedError, Mwaa, RestError
from scripts.aws.environment import detail

# MWAA's limits (user guide, access-mwaa-apache-airflow-rest-api; the SDK's RestApiPath); 6 MB an answer, too.
LONGEST = 64  # characters of a path
RATE = 10  # calls a second, and as many at once
SETTING = "MWAA_CALLS_PER_SECOND"
BROKEN = 500
PAUSES = (2.0, 4.0)  # seconds before a reading request is sent again


class Ways:
    """Sends each request the way that takes it.

    A session wants another permission, and its answers and paths may be of any size.

    Args:
        mwaa: the environment.
        is_2: whether its Airflow is of version 2.
        closed: adds to an error what the environment has to do with it.
    """

    def __init__(self, mwaa: Mwaa, is_2: bool, closed: Callable[[ProjectError], ProjectError]) -> None:
        self._mwaa, self._closed, self._calls = mwaa, closed, deque[float](maxlen=_rate())
        self._web = Web(mwaa.web_token, is_2)

    def send(self, ask: Ask) -> Answer:
        """Send a request; a status of 500 or more is an error, too.

        Raises:
            ProjectError: if it does not reach Airflow.
        """
        try:
            answer = self._once(ask)
            for pause in PAUSES if ask.method == "GET" else ():
                if answer.status < BROKEN:
                    break
                time.sleep(pause)
                answer = self._once(ask)
            if answer.status >= BROKEN:
                raise ProjectError(
                    f"Airflow does not answer ({answer.status}): {detail(answer.content)}",
                    f"{ask.method} /{ask.path}, web server of {self._mwaa.name}",
                    "wait a minute, then run the same command",
                )
        except AwsError as error:
            # What else AWS refuses (an expired login …) has nothing to do with the web server.
            raise self._closed(error) if isinstance(error, DeniedError) or not error.code else error from None
        except ProjectError as error:
            raise self._closed(error) from None
        return answer

    def _once(self, ask: Ask) -> Answer:
        return self._web.send(ask) if ask.large or len(f"/{ask.path}") > LONGEST else self._invoke(ask)

    def _invoke(self, ask: Ask) -> Answer:
        if len(self._calls) == self._calls.maxlen:
            time.sleep(max(0.0, self._calls[0] + 1.0 - time.monotonic()))
        self._calls.append(time.monotonic())
        try:
            return Answer(200, self._mwaa.ask(ask.method, f"/{ask.path}", ask.query, ask.body))
        except RestError as error:
            return Answer(error.status, error.answer)


def _rate() -> int:
    """Return how many calls a second are made: all that MWAA takes, or what somebody wants who shares it."""
    text = os.environ.get(SETTING, str(RATE))
    if not text.isdecimal() or not int(text):
        raise ProjectError(f"{text!r} is no number of calls.", SETTING, f"write a whole number, as MWAA's own: {RATE}")
    return int(text)
