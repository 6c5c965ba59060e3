"""The proof after an update: a failed pip and a failed script do not fail an update of MWAA."""

from __future__ import annotations

import secrets
import time
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Mwaa, RestError
from scripts.console import step

DAG = "mwaa_check"
TASK = "container"
LIMIT = 900.0  # seconds; MWAA parses a new DAG file within 5 minutes, a worker may have to start
PAUSE = 2.0
NOT_FOUND = 404


class UnfitError(ProjectError):
    """Tell that an environment is not what a release needs; AWS's own errors do not say that."""


def smoke(mwaa: Mwaa, release: str) -> None:
    """Run the DAG `mwaa_check` in the environment: its task looks at its own container.

    Raises:
        UnfitError: if it does not run, or the container lacks a package, dbt or the release.
        ProjectError: if AWS does not let it be run.
    """
    with step("a task in the environment proves packages, dbt and release") as notes:
        end = time.monotonic() + LIMIT
        _await(lambda: _parsed(mwaa), end, f"DAG {DAG} was not parsed")
        # Short, since MWAA takes paths of 64 characters at most; that of the log has 64 with it.
        run = secrets.token_hex(4)
        _ask(
            mwaa,
            "POST",
            f"/dags/{DAG}/dagRuns",
            {"dag_run_id": run, "logical_date": None, "conf": {"release": release}},
        )
        path = f"/dags/{DAG}/dagRuns/{run}"
        state = _await(lambda: _ended(mwaa, path), end, f"run {run} of {DAG} did not end")
        if state != "success":
            raise _failed(mwaa, path)
        notes.append(f"release {release}")


def _await(ask: Any, end: float, failure: str) -> Any:
    while not (found := ask()):
        if time.monotonic() > end:
            raise UnfitError(
                f"{failure} in {LIMIT / 60:.0f} minutes.",
                "log groups airflow-<environment>-Scheduler and -DAGProcessing",
                "look for import errors there; `mwaa rollback` goes back",
            )
        time.sleep(PAUSE)
    return found


def _parsed(mwaa: Mwaa) -> bool:
    try:
        return bool(_ask(mwaa, "GET", f"/dags/{DAG}"))
    except RestError as error:
        # As long as a new environment has not parsed it, Airflow knows of no such DAG.
        if error.status == NOT_FOUND:
            return False
        raise


def _ended(mwaa: Mwaa, path: str) -> str | None:
    state = str(_ask(mwaa, "GET", path)["state"])
    return state if state in ("success", "failed") else None


def _ask(mwaa: Mwaa, method: str, path: str, body: Any = None) -> Any:
    return mwaa.ask(method, path, body=body)


def _failed(mwaa: Mwaa, path: str) -> UnfitError:
    log = _ask(mwaa, "GET", f"{path}/taskInstances/{TASK}/logs/1") or {}
    lines = [str(line.get("event", "")) if isinstance(line, dict) else str(line) for line in log.get("content", [])]
    causes = [text for line in log.get("content", []) if isinstance(line, dict) for text in _values(line)]
    return UnfitError(
        "The environment is not what the release needs:\n" + "\n".join(causes or lines[-5:]),
        f"DAG {DAG}, task {TASK}",
        "mend what it names and deploy again, or `mwaa rollback`",
    )


def _values(line: dict[str, Any]) -> list[str]:
    return [str(one.get("exc_value")) for one in line.get("error_detail") or []]
