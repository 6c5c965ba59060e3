"""The virtualenvs beside our own: Airflow as MWAA has it, and dbt as startup.sh builds it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.sizing import is_2
from scripts.paths import Paths
from scripts.startup import Startup, run_startup

LOCKS = "locks"
PASSED_ON = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "LANG", "LC_", "TZ")


@dataclass(frozen=True)
class Airflow:
    """A virtualenv with Airflow, Cosmos and the providers at MWAA's versions."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def airflow(self) -> Path:
        """Its airflow command."""
        return self.folder / "bin" / "airflow"


def airflow_lock(paths: Paths, version: str) -> Path:
    """Return where the pins of a version of Airflow are, with hashes."""
    return paths.root / LOCKS / f"airflow-{version}.txt"


def image_packages(root: Path, version: str) -> Path:
    """Return where is written what MWAA's image of a version of Airflow has besides Airflow."""
    return root / LOCKS / ("mwaa-image-2.in" if is_2(version) else "mwaa-image.in")


def requirements_of(root: Path, version: str) -> Path:
    """Return where a requirements.txt for another version of Airflow is than the project's own."""
    return root / LOCKS / f"requirements-{version}.txt"


def airflow_folder(paths: Paths, version: str) -> Airflow:
    """Return the virtualenv of a version of Airflow, whether it is installed or not."""
    return Airflow(paths.state / f"airflow-{version}")


def airflow_venv(paths: Paths, version: str) -> Airflow:
    """Return the Airflow virtualenv, installing it where it is missing or the lock has changed.

    Raises:
        ProjectError: if there is no lock for that version or the installation fails.
    """
    lock = airflow_lock(paths, version)
    if not lock.is_file():
        known = ", ".join(sorted(path.stem.removeprefix("airflow-") for path in lock.parent.glob("airflow-*.txt")))
        raise ProjectError(
            f"There is no lock for Airflow {version}.",
            "settings.toml, project.airflow_version",
            f"use one of: {known}, or resolve {lock.name} (docs/locks.md)",
        )
    venv = airflow_folder(paths, version)
    marker, digest = venv.folder / "lock.sha256", hashlib.sha256(lock.read_bytes()).hexdigest()
    if not marker.is_file() or marker.read_text() != digest:
        install(venv, lock)
        marker.write_text(digest)
    return venv


def postgres_wheel(paths: Paths) -> Path:
    """Return the folder with PostgreSQL's programs, installing them where they are missing or the lock has changed.

    Raises:
        ProjectError: if the installation fails.
    """
    lock, folder = paths.root / LOCKS / "postgres.txt", paths.state / "postgres"
    marker, digest = folder / "lock.sha256", hashlib.sha256(lock.read_bytes()).hexdigest()
    if not marker.is_file() or marker.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        uv = Path(sys.executable).with_name("uv")
        options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--python", sys.executable]
        _uv([uv, "pip", "install", *options, "--target", folder, "-r", lock], "PostgreSQL")
        marker.write_text(digest)
    return folder


def install(venv: Airflow, lock: Path) -> None:
    """Make a virtualenv anew, with what a lock names and nothing else.

    Raises:
        ProjectError: if uv cannot.
    """
    uv = Path(sys.executable).with_name("uv")
    base = Path(sys.base_prefix) / "bin" / "python3.12"
    python = str(base) if base.exists() else sys.executable
    _uv([uv, "venv", "--quiet", "--clear", "--python", python, venv.folder], "Airflow")
    _uv([uv, "pip", "sync", "--quiet", "--python", venv.python, lock], "Airflow")


def _uv(command: list[object], what: str) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProjectError(
            f"uv could not install {what}:\n{done.stderr.strip()[-2000:]}",
            " ".join(map(str, command[1:3])),
            "mend what uv names (network, disk, index), then run the command again",
        )


def dbt_venv(paths: Paths, script: Path | None = None, component: str = "hybrid") -> Startup:
    """Run startup.sh as an MWAA container would and return what it left; `script` is the stamped copy.

    Raises:
        ProjectError: if the script would fail the container, or left no working dbt.
    """
    startup = run_startup(script or paths.root / "startup.sh", container(paths.home, component))
    status = startup.environment.get("MWAA_DBT_STATUS", "failed: no status")
    if not status.startswith("ready"):
        raise ProjectError(
            f"startup.sh left no dbt: {status}\n{startup.output.strip()[-2000:]}",
            str(script or paths.root / "startup.sh"),
            "mend what its output names (dbt/requirements.txt, network, disk), then run the command again",
        )
    return startup


def container(home: Path, component: str) -> dict[str, str]:
    """Return the environment that a container of the rehearsal begins with."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        **passed_on(os.environ),
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "MWAA_AIRFLOW_COMPONENT": component,
        "MWAA_DBT_HOME": str(home / "dbt"),
    }


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a container may know of this machine: how to reach packages, where temporary files go.

    python3 on PATH is this interpreter's own, as MWAA's image has exactly one.
    """
    kept = {key: value for key, value in environment.items() if key.upper().startswith(PASSED_ON)}
    cache = environment.get("UV_CACHE_DIR") or _uv_cache()
    return {**kept, "UV_CACHE_DIR": cache, "PATH": f"{sys.base_prefix}/bin:{os.defpath}:/usr/local/bin"}


def _uv_cache() -> str:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    return subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
