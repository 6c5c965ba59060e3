"""startup.sh where it cannot build: the container starts anyway, and says why there is no dbt."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.startup import run_startup

Container = Callable[..., dict[str, str]]

PIP_FAILS_AT_ONCE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "UV_NO_INDEX": "0"}


@pytest.fixture
def closed(tmp_path: Path) -> dict[str, str]:
    """Return the settings of a network that refuses every connection, with nothing cached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return offline(tmp_path, f"http://user:secret-token@127.0.0.1:{port}/simple")


def offline(folder: Path, index: str) -> dict[str, str]:
    """Return installer settings with this index only and an empty cache."""
    return {
        "PIP_INDEX_URL": index,
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_FIND_LINKS": "",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "0",
        "UV_CACHE_DIR": str(folder / "cache"),
        "UV_HTTP_RETRIES": "0",
    }


def test_closed_network_fails_softly(container: Container, script: Path, closed: dict[str, str]) -> None:
    """Without a network the container starts; the log says why, and shows no credentials of the index."""
    env = container(**closed)
    startup = run_startup(script, env)
    assert startup.changed["MWAA_DBT_STATUS"].startswith("failed: neither uv nor pip")
    assert "Connection refused" in startup.output
    assert "secret-token" not in startup.output
    assert {p.name for p in Path(env["AIRFLOW_HOME"], "dbt-venv").iterdir()} == {".lock"}


def test_old_virtualenv_is_kept(container: Container, script: Path, closed: dict[str, str], virtualenv: Path) -> None:
    """When the new pins cannot be installed, tasks go on with the virtualenv before."""
    env = container(**closed)
    root = Path(env["AIRFLOW_HOME"], "dbt-venv")
    root.mkdir()
    (root / "aaaaaaaaaaaa").symlink_to(virtualenv)
    (root / "current").symlink_to("aaaaaaaaaaaa")
    startup = run_startup(script, env)
    assert startup.changed["MWAA_DBT_STATUS"].startswith("kept: neither uv nor pip")
    assert (root / "current").readlink() == Path("aaaaaaaaaaaa")
    assert Path(startup.changed["MWAA_DBT_EXECUTABLE"]).exists()


def test_silent_network_is_bounded(container: Container, script: Path, tmp_path: Path) -> None:
    """An index that takes the connection and never answers costs the time limit and no more."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = offline(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        startup = run_startup(script, container(**settings, MWAA_DBT_TIME_LIMIT="4"))
    assert startup.changed["MWAA_DBT_STATUS"].startswith("failed: neither uv nor pip")
    assert startup.seconds < 20


def test_full_disk_leaves_nothing(container: Container, script: Path, tmp_path: Path) -> None:
    """A disk on which no large file can be written fails softly and is left as it was.

    A file size limit stands in for the full disk, since a small disk needs root.
    """
    own = tmp_path / "own.sh"
    own.write_text(f"ulimit -f 200\nsource '{script}'\n")
    env = container(**PIP_FAILS_AT_ONCE, UV_LINK_MODE="copy")
    startup = run_startup(own, env)
    assert startup.changed["MWAA_DBT_STATUS"].startswith("failed: neither uv nor pip")
    assert {p.name for p in Path(env["AIRFLOW_HOME"], "dbt-venv").iterdir()} == {".lock"}


def test_contradicting_pins_are_named(container: Container, stamped: Callable[[str], Path]) -> None:
    """A lock that contradicts itself fails here, with the name of the package."""
    copy = stamped("dbt-core==1.11.16\nclick==7.0  # too old\n# a comment")
    startup = run_startup(copy, container(**PIP_FAILS_AT_ONCE))
    assert startup.changed["MWAA_DBT_STATUS"].startswith("failed: neither uv nor pip")
    assert "click" in startup.output


def test_incomplete_pins_are_refused(container: Container, stamped: Callable[[str], Path]) -> None:
    """A virtualenv in which dbt for Snowflake cannot be imported is never used."""
    startup = run_startup(stamped("click==8.5.1"), container(**PIP_FAILS_AT_ONCE))
    assert startup.changed["MWAA_DBT_STATUS"].startswith("failed: neither uv nor pip")
    assert "No module named 'dbt'" in startup.output


def test_uv_gets_settings_of_pip(container: Container, script: Path, tmp_path: Path) -> None:
    """What a closed network configured for pip reaches uv, unless uv has its own setting."""
    spy = tmp_path / "spy" / "uv"
    spy.parent.mkdir()
    spy.write_text("#!/bin/sh\nenv | grep -E '^(UV_|SSL_)' | sort\nexit 1\n")
    spy.chmod(0o755)
    env = {name: value for name, value in container().items() if not name.startswith(("PIP_", "UV_", "SSL_"))}
    env |= {
        "PATH": f"{spy.parent}:{env['PATH']}",
        "PIP_CERT": "/certs/all.pem",
        "PIP_FIND_LINKS": "/usr/local/airflow/plugins /wheels",
        "PIP_INDEX_URL": "https://pypi.invalid/simple",
        "PIP_NO_INDEX": "1",
        "PIP_EXTRA_INDEX_URL": "https://ignored.invalid/simple",
        "UV_INDEX": "https://own.invalid/simple",
    }
    startup = run_startup(script, env)
    seen = {line.removeprefix("  | ") for line in startup.output.splitlines()}
    assert seen >= {
        "SSL_CERT_FILE=/certs/all.pem",
        "UV_DEFAULT_INDEX=https://pypi.invalid/simple",
        "UV_FIND_LINKS=/usr/local/airflow/plugins,/wheels",
        "UV_INDEX=https://own.invalid/simple",
        "UV_NO_INDEX=1",
        "UV_PYTHON_DOWNLOADS=never",
    }
    assert not [name for name in startup.changed if name.startswith(("UV_", "SSL_", "PIP_"))]
