"""Airflow's REST API, of Airflow 2 (/api/v1) and 3 (/api/v2), whichever way leads to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import requests

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.sizing import is_2
from scripts.airflow.lines import Line, read_lines
from scripts.aws import RestError

PAGE = 100  # Airflow's own limit


class Ask(NamedTuple):
    """A request: the path has no version and no slash before it; `large` answers may be of any size."""

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    body: Any = None
    large: bool = False

    @property
    def address(self) -> str:
        """The path with its query, as it follows /api/v2/."""
        return f"{self.path}?{urlencode(self.query, doseq=True)}" if self.query else self.path


class Answer(NamedTuple):
    """What came back: HTTP's status, and JSON, or text if it is none."""

    status: int
    content: Any


def read_answer(response: requests.Response) -> Answer:
    """Return an HTTP response as an answer."""
    try:
        return Answer(response.status_code, response.json())
    except requests.JSONDecodeError:
        return Answer(response.status_code, response.text)


class Airflow:
    """One Airflow.

    Args:
        send: brings a request there and its answer back; raises ProjectError if it cannot.
        version: of Airflow; the fields of 2 and 3 differ.
        logs: the command that shows a task's log, with {dag}, {run} and {task} in it.
    """

    def __init__(self, send: Callable[[Ask], Answer], version: str, logs: str) -> None:
        self._send, self.is_2, self.logs = send, is_2(version), logs

    def call(self, method: str, path: str, *, params: Any = None, json: Any = None, large: bool = False) -> Any:
        """Call an endpoint and return its JSON; None if there is no such thing.

        Raises:
            RestError: for what else Airflow refuses.
        """
        answer = self._send(Ask(method, path, params, json, large))
        if answer.status == requests.codes.not_found:
            return None
        if answer.status >= requests.codes.bad_request:
            raise RestError(answer.status, answer.content, f"{method} {path}")
        return answer.content

    def pages(self, path: str, key: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield all items of a listing."""
        return pages(lambda where: self.call("GET", path, params={**filters, **where}), key)

    def trigger(self, dag: str, conf: Mapping[str, Any], run: str | None = None) -> str:
        """Start a run and return its id; without one, Airflow makes it.

        Raises:
            RestError: with status 409 if there is a run of this id.
        """
        body: dict[str, Any] = {"conf": dict(conf), **({"dag_run_id": run} if run else {})}
        # Airflow 3 demands the field, Airflow 2 does not take a null.
        body |= {} if self.is_2 else {"logical_date": None}
        return str(self.call("POST", f"{dag_path(dag)}/dagRuns", json=body)["dag_run_id"])

    def state(self, dag: str, run: str) -> str:
        """Return the state of a run."""
        found = self.call("GET", run_path(dag, run))
        if found is None:
            raise ProjectError(
                f"DAG {dag} has no run {run!r} any more.", "Airflow's database", "look at its other runs"
            )
        return str(found["state"])

    def tasks(self, dag: str, run: str, since: float = 0.0) -> list[dict[str, Any]]:
        """Return the task instances of a run that have changed since then, in seconds since the epoch."""
        changed = {"updated_at_gte": datetime.fromtimestamp(since, UTC).isoformat()} if since else {}
        return list(self.pages(f"{run_path(dag, run)}/taskInstances", "task_instances", **changed))

    def log(self, instance: Mapping[str, Any], attempt: int | None = None) -> list[Line]:
        """Return the lines of a task instance's log, of its last try if no other is named.

        Raises:
            ProjectError: if there is none.
        """
        dag, run, task = (str(instance[name]) for name in ("dag_id", "dag_run_id", "task_id"))
        attempt = attempt or instance["try_number"]
        path = f"{task_path(dag, run, task)}/logs/{attempt}"
        query = {"full_content": "true", "map_index": instance.get("map_index", -1)}
        found = self.call("GET", path, large=True, params=query)
        if found is None:
            raise ProjectError(f"Task {task} has no log of try {attempt}.", f"run {run} of {dag}", "name another try")
        return read_lines(found["content"])


def pages(ask: Callable[[Mapping[str, int]], Any], key: str) -> Iterator[dict[str, Any]]:
    """Yield all items of a listing that Airflow gives page by page.

    Args:
        ask: returns the page of a limit and an offset; None if there is no such thing.
        key: of the items in it.
    """
    offset, total = 0, 1
    while offset < total:
        page = ask({"limit": PAGE, "offset": offset}) or {key: [], "total_entries": 0}
        yield from page[key]
        offset, total = offset + PAGE, int(page["total_entries"])


def dag_path(dag: str) -> str:
    """Return the path of a DAG."""
    return f"dags/{_part(dag)}"


def run_path(dag: str, run: str) -> str:
    """Return the path of a run."""
    return f"{dag_path(dag)}/dagRuns/{_part(run)}"


def task_path(dag: str, run: str, task: str) -> str:
    """Return the path of a task instance."""
    return f"{run_path(dag, run)}/taskInstances/{_part(task)}"


def _part(name: str) -> str:
    # What Airflow's own run ids have in them may stand in a path as it is: MWAA counts its characters.
    return quote(name, safe=":+~")
