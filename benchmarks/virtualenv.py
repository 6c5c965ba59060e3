"""The dbt virtualenv of a new container: startup.sh beside `python -m venv` and pip, caches empty."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Options, Result, Sample, compare
from mwaa_dbt.errors import ProjectError
from scripts.build import stamp
from scripts.paths import Paths
from scripts.startup import run_startup
from scripts.venvs import container

PLAIN = "python -m venv, pip install"
OURS = "startup.sh, new container"
AGAIN = "startup.sh, again"


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure a first start with both, and a second start with ours."""
    pins, script = paths.root / "dbt" / "requirements.txt", options.folder / "startup.sh"
    script.write_text(stamp((paths.root / "startup.sh").read_text(), pins))
    home = _homes(options.folder)
    warm = home()
    # The virtualenv that the warm runs find.
    _startup(script, warm)
    ways = {
        PLAIN: lambda: _pip(pins, home()),
        OURS: lambda: _startup(script, home()),
        AGAIN: lambda: _startup(script, warm),
    }
    return [compare("The dbt virtualenv, from dbt/requirements.txt with empty caches", ways, options.runs)]


def _homes(folder: Path) -> Callable[[], Path]:
    numbers = itertools.count()
    return lambda: folder / f"container-{next(numbers)}"


def _environment(home: Path) -> dict[str, str]:
    # No cache of either installer, and none of the caller's settings files: HOME is the container's.
    return {**container(home, "worker"), "UV_CACHE_DIR": str(home / "uv-cache"), "PIP_NO_CACHE_DIR": "1"}


def _startup(script: Path, home: Path) -> Sample:
    startup = run_startup(script, _environment(home))
    if startup.environment.get("MWAA_DBT_STATUS") != "ready" or "could not build" in startup.output:
        raise _failed("startup.sh", startup.output)
    return Sample(startup.seconds)


def _pip(pins: Path, home: Path) -> Sample:
    environment, venv = _environment(home), home / "plain"
    begun = time.monotonic()
    for command in (
        [f"{sys.base_prefix}/bin/python3", "-m", "venv", venv],
        [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pins],
    ):
        done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise _failed(" ".join(map(str, command)), done.stdout + done.stderr)
    return Sample(time.monotonic() - begun)


def _failed(command: str, output: str) -> ProjectError:
    return ProjectError(
        f"The measured command failed:\n{output.strip()[-2000:]}", command, "mend what it names (network, index, disk)"
    )
