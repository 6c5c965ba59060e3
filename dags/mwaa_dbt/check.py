"""What a container must hold to run the release, looked at from inside."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

from mwaa_dbt.airflow_sdk import task
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.project import RELEASE
from mwaa_dbt.settings import container_digest, dbt_executable, dbt_status


@task(multiple_outputs=False)
def container(dag_run: Any = None) -> dict[str, str]:
    """Look at this container and return its release, dbt version and status.

    Raises:
        ProjectError: if a package of requirements.txt is missing or another version, dbt does not run, or this is
            not the release that the run's conf asks for; MWAA says nothing of a failed pip (image, safe-pip-install).
    """
    release = json.loads((RELEASE / "release.json").read_text())
    asked = str((dag_run.conf or {}).get("release", "")) if dag_run else ""
    dbt = _dbt_version()
    faults = [*_packages(release["requirements"]), *_container(release["container"])]
    faults += [] if dbt else [f"dbt does not run; startup.sh says {dbt_status()!r}"]
    faults += [] if RELEASE.name.startswith(asked) else [f"this is release {RELEASE.name[:12]}, not {asked}"]
    if faults:
        raise ProjectError(
            "; ".join(faults) + ".", "this container", "read requirements_install… and startup_script_execution…"
        )
    return {"release": RELEASE.name[:12], "dbt": dbt, "status": dbt_status()}


def _packages(pins: dict[str, str]) -> Iterator[str]:
    for name, wanted in pins.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != wanted:
            yield f"{name} is {found}, requirements.txt pins {wanted}"


def _container(wanted: str) -> Iterator[str]:
    if container_digest() not in ("", wanted):
        yield "this container was started with other requirements.txt, plugins.zip or startup.sh than the release's"


def _dbt_version() -> str:
    try:
        done = subprocess.run([dbt_executable(), "--version"], capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"installed:\s*([\w.]+)", done.stdout + done.stderr)
    return found[1] if found and done.returncode == 0 else ""
