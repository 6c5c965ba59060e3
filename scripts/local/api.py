"""Airflow's REST API, as far as a rehearsal needs it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from mwaa_dbt.errors import ProjectError
from scripts.local.state import Rehearsal

PAGE = 100  # Airflow's own limit


class Api:
    """Talks to the Airflow of a rehearsal, whose visitors are all admins."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal, self.url = rehearsal, rehearsal.url("airflow")
        self._session = requests.Session()
        self._session.trust_env = False
        token = self._request("GET", "auth/token").json()["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        # A run would wait for ever for a scheduler that has died.
        if ended := self.rehearsal.ended():
            raise _lost(f"{', '.join(ended)} ended.", ended[0])
        try:
            return self._session.request(method, f"{self.url}/{path}", timeout=30, **arguments)
        except requests.RequestException as error:
            raise _lost(f"Airflow does not answer: {error}.", "api-server") from None

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Call an endpoint below /api/v2 and return its JSON; None if there is no such thing."""
        answer = self._request(method, f"api/v2/{path}", **arguments)
        if answer.status_code == requests.codes.not_found:
            return None
        if not answer.ok:
            raise ProjectError(
                f"Airflow refused: {_detail(answer)}", f"{method} {path}", "mend what it names, then run again"
            )
        return answer.json()

    def pages(self, path: str, key: str, **filters: str) -> Iterator[dict[str, Any]]:
        """Yield all items of a listing."""
        offset = 0
        while True:
            where = {**filters, "limit": PAGE, "offset": offset}
            page = self.call("GET", path, params=where) or {key: [], "total_entries": 0}
            yield from page[key]
            offset += PAGE
            if offset >= page["total_entries"]:
                return

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
                self._request("PUT", f"api/v2/parseDagFile/{found['file_token']}")
                asked = True
            time.sleep(0.5)
        errors = [f"{item['filename']}: {item['stack_trace']}" for item in self.pages("importErrors", "import_errors")]
        raise ProjectError(
            f"DAG {dag!r} did not appear in {limit:.0f} s. {' '.join(errors)}",
            "mwaa local logs dag-processor",
            "mend the import error; without one, name a DAG that `mwaa build` lists",
        )

    def trigger(self, dag: str, conf: dict[str, Any]) -> str:
        """Start a run and return its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self.call("POST", f"dags/{dag}/dagRuns", json=body)["dag_run_id"])

    def state(self, dag: str, run: str) -> str:
        """Return the state of a run."""
        return str(self.call("GET", f"dags/{dag}/dagRuns/{run}")["state"])

    def tasks(self, dag: str, run: str, since: float = 0.0) -> list[dict[str, Any]]:
        """Return the task instances of a run that have changed since then, in seconds since the epoch."""
        changed = datetime.fromtimestamp(since, UTC).isoformat()
        path = f"dags/{dag}/dagRuns/{run}/taskInstances"
        return list(self.pages(path, "task_instances", updated_at_gte=changed))

    def log(self, dag: str, run: str, task: str, attempt: int) -> list[Line]:
        """Return the lines of a task's log."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}"
        found = self.call("GET", path, params={"full_content": "true"}) or {"content": []}
        return [_line(line) for line in found["content"]]


@dataclass(frozen=True)
class Line:
    """A line of a task's log, and the error that it tells of."""

    text: str
    error: str = ""


def _line(line: str | dict[str, Any]) -> Line:
    if isinstance(line, str):
        return Line(line)
    causes = [f"{one.get('exc_type')}: {one.get('exc_value')}" for one in line.get("error_detail") or []]
    # What the task raised stands first, then its causes.
    return Line(str(line.get("event", "")), causes[0].removeprefix("ProjectError: ") if causes else "")


def _lost(what: str, process: str) -> ProjectError:
    return ProjectError(what, f"mwaa local logs {process}", "run `mwaa local down`, then start again")


def _detail(answer: requests.Response) -> str:
    try:
        return str(answer.json().get("detail", answer.text))
    except requests.JSONDecodeError:
        return answer.text[:500]


def _epoch(stamp: str | None) -> float:
    return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0
