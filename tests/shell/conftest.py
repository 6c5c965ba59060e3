"""A container to run startup scripts in: a folder, and an environment with nothing of the caller's shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import uv

from scripts.startup import Startup, run_startup

ROOT = Path(__file__).parents[2]
NETWORK = ("PIP_", "UV_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""What a developer's machine needs to reach a package index, by prefix."""

Container = Callable[..., dict[str, str]]


def network() -> dict[str, str]:
    """Return the caller's settings for package indexes, and where its caches are."""
    names = [n for n in os.environ if n.upper().startswith(NETWORK) or n in {"HOME", "XDG_CACHE_HOME"}]
    return {name: os.environ[name] for name in names}


def make_container(home: Path, tools: Path | None = None, **extra: str) -> dict[str, str]:
    """Return the environment of a worker whose AIRFLOW_HOME is the folder."""
    home.mkdir(parents=True, exist_ok=True)
    folders = [tools, Path(sys.base_prefix, "bin"), Path("/usr/bin"), Path("/bin")]
    return network() | {
        "PATH": os.pathsep.join(str(folder) for folder in folders if folder),
        "AIRFLOW_HOME": str(home),
        "MWAA_AIRFLOW_COMPONENT": "worker",
        "MWAA_DBT_HOME": str(home / "releases"),
        **extra,
    }


@pytest.fixture(scope="session")
def script() -> Path:
    """Return the real startup script."""
    return ROOT / "startup.sh"


@pytest.fixture(scope="session")
def uv_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with nothing but uv in it."""
    folder = tmp_path_factory.mktemp("uv")
    (folder / "uv").symlink_to(uv.find_uv_bin())
    return folder


@pytest.fixture
def container(tmp_path: Path, uv_folder: Path) -> Container:
    """Return a function that makes the environment of a fresh container with uv on its PATH."""

    def make(**extra: str) -> dict[str, str]:
        return make_container(tmp_path / "airflow", uv_folder, **extra)

    return make


@pytest.fixture
def fetching(tmp_path: Path) -> Container:
    """Return a function that makes the environment of a fresh container which has to fetch uv."""

    def make(**extra: str) -> dict[str, str]:
        return make_container(tmp_path / "airflow", None, **extra)

    return make


@pytest.fixture(scope="session")
def built(script: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, str], Startup]:
    """Return a container in which the script ran once, without uv on its PATH, and what came of it."""
    env = make_container(tmp_path_factory.mktemp("built") / "airflow")
    return env, run_startup(script, env)


@pytest.fixture(scope="session")
def virtualenv(built: tuple[Mapping[str, str], Startup]) -> Path:
    """Return the virtualenv of that container; its name is the digest of the pins."""
    return Path(built[1].environment["MWAA_DBT_EXECUTABLE"]).parents[1].resolve()


@pytest.fixture
def stamped(script: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes a copy of the script with these pins in it, alone in its folder."""

    def stamp(pins: str) -> Path:
        copy = tmp_path / "shipped" / "startup.sh"
        copy.parent.mkdir()
        copy.write_text(script.read_text().replace("<<'PINS'\nPINS\n", f"<<'PINS'\n{pins}\nPINS\n"))
        return copy

    return stamp
