"""`mwaa local up` and `down`: MWAA and its surroundings on one machine."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load
from mwaa_dbt.sizing import is_2
from scripts.deploy.apply import Source
from scripts.deploy.verbs import release
from scripts.local import processes, state
from scripts.local.executor import Executor
from scripts.local.stage import Stage
from scripts.local.state import ENVIRONMENT, POSTGRES, Rehearsal, free_port
from scripts.paths import Paths
from scripts.release import read_record
from scripts.target import find_target
from scripts.venvs import airflow_venv

UI_PORT = 8080
SYNC_LIMIT = 60.0  # seconds


def up(paths: Paths, build: Path, executor: Executor, port: int | None = None) -> Rehearsal:
    """Start a rehearsal of a build; on any failure or Ctrl-C nothing is left running.

    Args:
        paths: the project.
        build: the folder of its build for the rehearsal.
        executor: where Airflow runs tasks.
        port: the UI's; 8080 or any if None.

    Raises:
        ProjectError: if one is running already, a port is taken, or a part does not start.
    """
    refuse_second(paths)
    settings = load(paths.settings)
    target = settings.environment(ENVIRONMENT)
    version = settings.project.airflow_version
    # Airflow 2 runs tasks side by side on no SQLite.
    ports = _ports(port) | ({POSTGRES: free_port()} if executor.on_celery or is_2(version) else {})
    rehearsal = Rehearsal(ENVIRONMENT, target.region, target.bucket, ports, executor=executor, airflow=version)
    processes.end(paths)
    _clean(paths)
    try:
        Stage(paths, rehearsal, target, airflow_venv(paths, version)).set(build)
    except BaseException:
        down(paths)
        raise
    return rehearsal


def down(paths: Paths) -> int:
    """End the rehearsal and return how many processes it had; logs stay until the next one."""
    ended = processes.end(paths)
    state.forget(paths)
    for leftover in ("airflow.db", "airflow.db-wal", "airflow.db-shm"):
        (state.folder(paths) / leftover).unlink(missing_ok=True)
    shutil.rmtree(state.folder(paths) / "postgres", ignore_errors=True)
    shutil.rmtree(paths.home / "tmp", ignore_errors=True)
    return ended


def ship(paths: Paths, rehearsal: Rehearsal, build: Path) -> float:
    """Deploy a build to a running rehearsal; return when its DAG folder had it, in seconds since the epoch."""
    release(find_target(paths, rehearsal.environment), Source(read_record(build), build), "deploy", SYNC_LIMIT)
    end = time.monotonic() + SYNC_LIMIT
    while not _synced(build / "dags", paths.home / "dags"):
        if time.monotonic() > end:
            raise ProjectError(
                "The release did not reach the DAG folder.", "mwaa local logs sync", "run `mwaa local down`, then again"
            )
        time.sleep(0.2)
    return _pointer(paths.home / "dags").stat().st_mtime


def _synced(source: Path, target: Path) -> bool:
    files = [path.relative_to(source) for path in source.rglob("*") if path.is_file() and path.name != "current.json"]
    return all(_same(source / path, target / path) for path in files) and _live(target) == _live(source)


def _live(dags: Path) -> str | None:
    pointer = _pointer(dags)
    return str(json.loads(pointer.read_text())["releases"][0]) if pointer.is_file() else None


def _pointer(dags: Path) -> Path:
    return dags / "dbt" / "current.json"


def _same(source: Path, target: Path) -> bool:
    return target.is_file() and source.read_bytes() == target.read_bytes()


def refuse_second(paths: Paths) -> None:
    """Raise ProjectError if a rehearsal is running here."""
    if running := state.find(paths):
        raise ProjectError(
            f"A rehearsal is running already: {running.url('airflow')}",
            "mwaa local status",
            "use it with `mwaa local run <dag>`, or end it with `mwaa local down`",
        )


def refuse_other(running: Rehearsal, airflow: str, wanted: Executor | None) -> None:
    """Raise ProjectError if a rehearsal has another Airflow, or runs tasks elsewhere than wanted.

    Args:
        running: the rehearsal.
        airflow: the version that settings.toml names.
        wanted: where tasks should run; None wants nothing special.
    """
    if running.airflow != airflow:
        raise ProjectError(
            f"The rehearsal that is running has Airflow {running.airflow}, settings.toml says {airflow}.",
            "mwaa local status",
            "run `mwaa local down` first",
        )
    if wanted and running.executor != wanted:
        raise ProjectError(
            f"The rehearsal that is running was started with {running.executor}, not with {wanted}.",
            "mwaa local status",
            "run `mwaa local down` first, or leave these options out",
        )


def _ports(wanted: int | None) -> dict[str, int]:
    if wanted is None:
        try:
            wanted = free_port(UI_PORT)
        except ProjectError:
            wanted = None
    return {"airflow": free_port(wanted), "aws": free_port(), "outside": free_port(), "mwaa": free_port()}


def _clean(paths: Paths) -> None:
    for folder in (
        state.folder(paths),
        *(paths.home / name for name in ("dags", "logs", "plugins", "requirements", "tmp", "dbt")),
    ):
        shutil.rmtree(folder, ignore_errors=True)
    (paths.home / "tmp").mkdir(parents=True)
    state.folder(paths).mkdir(parents=True)
