"""startup.sh where it builds: real installs into real virtualenvs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.startup import WRAPPER, run_startup

pytestmark = pytest.mark.slow

Container = Callable[..., dict[str, str]]

ROOT = Path(__file__).parents[2]
PINS = ROOT / "dbt" / "requirements.txt"


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def dbt_version(env: dict[str, str]) -> str:
    """Ask the virtualenv's dbt for its version."""
    dbt = Path(env["AIRFLOW_HOME"], "dbt-venv", "current", "bin", "dbt")
    return subprocess.run([dbt, "--version"], capture_output=True, text=True, check=True).stdout


def test_half_built_is_rebuilt(container: Container, script: Path, virtualenv: Path) -> None:
    """A virtualenv that was not finished is thrown away and built anew; the one before stays."""
    env = container()
    root = Path(env["AIRFLOW_HOME"], "dbt-venv")
    junk = root / virtualenv.name / "bin" / "dbt"
    junk.parent.mkdir(parents=True)
    junk.touch(0o755)
    junk.with_name("python").symlink_to(sys.executable)
    (root / "current").symlink_to(virtualenv.name)
    (root / "aaaaaaaaaaaa").mkdir()
    startup = run_startup(script, env)
    assert startup.changed["MWAA_DBT_STATUS"] == "ready", startup.output
    assert junk.stat().st_size > 0
    assert (root / "aaaaaaaaaaaa").exists()


def test_stamped_pins_suffice(container: Container, stamped: Callable[[str], Path], tmp_path: Path) -> None:
    """The shipped script needs no DAG folder, and no path without spaces."""
    env = container(MWAA_DBT_VENV_ROOT=str(tmp_path / "with a space" / "venvs"))
    startup = run_startup(stamped(PINS.read_text()), env)
    assert startup.changed["MWAA_DBT_STATUS"] == "ready", startup.output
    dbt = [startup.changed["MWAA_DBT_EXECUTABLE"], "--version"]
    assert "1.11." in subprocess.run(dbt, capture_output=True, text=True, check=True).stdout


def test_installer_settings_do_no_harm(fetching: Container, script: Path, tmp_path: Path) -> None:
    """PIP_USER, another target and Airflow's constraints are for others; they stay set for them."""
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("pathspec==1.0.4\nprotobuf==4.25.8\nclick==8.1.8\nuv==0.1.0\n")
    hostile = {
        "PIP_USER": "1",
        "PIP_TARGET": str(tmp_path / "elsewhere"),
        "PIP_CONSTRAINT": str(constraints),
        "UV_CONSTRAINT": str(constraints),
        "PIP_REQUIRE_VIRTUALENV": "1",
        "VIRTUAL_ENV": str(tmp_path / "other"),
    }
    startup = run_startup(script, fetching(**hostile))
    assert startup.changed["MWAA_DBT_STATUS"] == "ready", startup.output
    assert "(uv, " in startup.output
    assert hostile.items() <= startup.environment.items()
    assert not (tmp_path / "elsewhere").exists()


def test_two_at_once_agree(container: Container, script: Path) -> None:
    """Of two containers on one disk one builds and the other waits for it."""
    env = container()
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: run_startup(script, env), range(2)))
    assert [one.changed["MWAA_DBT_STATUS"] for one in both] == ["ready", "ready"]
    assert sorted("(uv, " in one.output for one in both) == [False, True]
    assert "1.11." in dbt_version(env)


def test_killed_run_is_healed(container: Container, script: Path, tmp_path: Path) -> None:
    """A run that is killed while it installs leaves no lock and nothing that the next one trusts."""
    env = container()
    root = Path(env["AIRFLOW_HOME"], "dbt-venv")
    command = ["/bin/bash", str(WRAPPER), str(script), str(tmp_path / "saved")]
    first = subprocess.Popen(command, env=env, start_new_session=True, stdout=subprocess.DEVNULL)
    wait_for(lambda: list(root.glob("*/lib/python*/site-packages/dbt*")))
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert list(root.glob(".tmp.*"))
    startup = run_startup(script, env)
    assert startup.changed["MWAA_DBT_STATUS"] == "ready", startup.output
    assert not list(root.glob(".tmp.*"))


def test_pip_is_the_fallback(container: Container, script: Path, tmp_path: Path) -> None:
    """With a uv that does not work, pip builds the virtualenv, and no credentials are shown."""
    broken = tmp_path / "broken" / "uv"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho broken at https://user:p@ss@host/simple >&2\nexit 1\n")
    broken.chmod(0o755)
    env = container()
    startup = run_startup(script, env | {"PATH": f"{broken.parent}:{env['PATH']}"})
    assert startup.changed["MWAA_DBT_STATUS"] == "ready", startup.output
    assert "| broken at https://***@host/simple" in startup.output
    assert "(pip, dbt-core 1.11." in startup.output
