"""The REST API of a rehearsal's Airflow, asked directly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import requests

from mwaa_dbt.errors import ProjectError
from scripts.airflow.rest import Airflow, Answer, Ask, read_answer
from scripts.airflow.web import new_session
from scripts.local.airflow_web import airflow_web
from scripts.local.state import Rehearsal

LOGS = "mwaa local logs {task}"


class Api(Airflow):
    """Talks to the Airflow of a rehearsal, whose visitors are all admins."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__(self._answer, rehearsal.airflow, LOGS)
        self.rehearsal, self._web = rehearsal, airflow_web(rehearsal)
        self._session = new_session(self._web.url)
        with self._awake():
            self._session.headers.update(self._web.headers(self._session))

    @contextmanager
    def _awake(self) -> Iterator[None]:
        # A run would wait for ever for a scheduler that has died.
        if ended := self.rehearsal.ended():
            raise _lost(f"{', '.join(ended)} ended.", ended[0])
        try:
            yield
        except requests.RequestException as error:
            raise _lost(f"Airflow does not answer: {error}.", self._web.process) from None

    def _answer(self, ask: Ask) -> Answer:
        with self._awake():
            return read_answer(
                self._session.request(ask.method, f"{self._web.api}/{ask.address}", json=ask.body, timeout=30)
            )

    def wait_for_dag(self, dag: str, since: float, limit: float = 90.0) -> dict[str, Any]:
        """Return a DAG once the DAG processor has parsed it after `since`, in seconds since the epoch.

        Raises:
            ProjectError: if the DAG does not appear in time; import errors are told.
        """
        end, asked = time.monotonic() + limit, False
        while time.monotonic() < end:
            found = self.call("GET", f"dags/{dag}")
            if found and _epoch(found["last_parsed_time"]) > since:
                return dict(found)
            if found and not asked:
                # Its file has not changed where the release has: Airflow would look again within half a minute.
                self._answer(Ask("PUT", f"parseDagFile/{found['file_token']}"))
                asked = True
            time.sleep(0.5)
        errors = [f"{item['filename']}: {item['stack_trace']}" for item in self.pages("importErrors", "import_errors")]
        raise ProjectError(
            f"DAG {dag!r} did not appear in {limit:.0f} s. {' '.join(errors)}",
            "mwaa local logs dag-processor",
            "mend the import error; without one, name a DAG that `mwaa build` lists",
        )


def _lost(what: str, process: str) -> ProjectError:
    return ProjectError(what, f"mwaa local logs {process}", "run `mwaa local down`, then start again")


def _epoch(stamp: str | None) -> float:
    return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0
