"""The logs of a rehearsal: its processes', startup.sh's and the tasks'."""

from __future__ import annotations

from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.local.state import folder
from scripts.paths import Paths


def known_logs(paths: Paths) -> list[str]:
    """Return the names of all logs: processes first, then tasks."""
    processes = sorted(path.stem for path in (folder(paths) / "logs").glob("*.log"))
    return [*processes, *sorted(_task_logs(paths))]


def find_log(paths: Paths, name: str) -> Path:
    """Return a log's file; a task's is that of its latest attempt.

    Raises:
        ProjectError: if there is no such log.
    """
    process = folder(paths) / "logs" / f"{name}.log"
    if process.is_file():
        return process
    tasks = _task_logs(paths)
    if name in tasks:
        return tasks[name]
    known = known_logs(paths)
    raise ProjectError(
        f"There is no log {name!r}.{suggestion(name, known)}", "mwaa local logs", "list them with `mwaa local logs`"
    )


def _task_logs(paths: Paths) -> dict[str, Path]:
    # Airflow's layout: dag_id=…/run_id=…/task_id=…/attempt=….log; the latest is the one last written.
    files = sorted((paths.home / "logs").glob("dag_id=*/run_id=*/task_id=*/attempt=*.log"), key=_written)
    return {path.parent.name.removeprefix("task_id="): path for path in files}


def _written(path: Path) -> float:
    return path.stat().st_mtime
