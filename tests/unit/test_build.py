"""The build before anything is installed: pins, sources, and what a failure leaves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.build import build, stamp
from scripts.paths import Paths
from tests.unit.conftest import Write

ROOT = Path(__file__).parents[2]
PINS = "# made by uv\nagate==1.9.1   # via dbt-core\n\ncffi==2.1.1 ; platform_python_implementation != 'PyPy'\n"
STAMPED = ["agate==1.9.1", "cffi==2.1.1 ; platform_python_implementation != 'PyPy'"]
SETTINGS = """\
[project]
name = "shop"
airflow_version = "3.3.1"
[environments.dev]
region = "eu-central-1"
bucket = "shop-dev"
snowflake = {account="a", user="u", role="r", warehouse="w", database="d", authentication="key_pair"}
slack = {channel="#x"}
"""
SOURCES = {
    "settings.toml": SETTINGS,
    "requirements.txt": "apache-airflow==3.3.1\n",
    "startup.sh": "cat <<'PINS'\nPINS\nexport MWAA_DBT_CONTAINER=''\n",
    "dbt/requirements.txt": PINS,
    "dbt/shop/dbt_project.yml": "name: shop\n",
    "dags/shop.py": "",
    "dags/mwaa_dbt/__init__.py": "",
    "plugins/preload.py": "",
    "build/dev/marker": "the build before",
}


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    """Return a requirements.txt as uv writes it."""
    path = tmp_path / "requirements.txt"
    path.write_text(PINS)
    return path


def test_stamp_puts_pins_in(pins: Path) -> None:
    """The stamped script prints the pins, without comments, when bash runs it."""
    script = stamp("cat <<'PINS'\nPINS\necho end\n", pins)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*STAMPED, "end"]


def test_stamp_fits_startup_script() -> None:
    """The real script gets the real pins, all of them, and stays a script that bash can read."""
    pins = ROOT / "dbt" / "requirements.txt"
    script = stamp((ROOT / "startup.sh").read_text(), pins)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    names = re.findall(r"^([\w.-]+==\S+)", pins.read_text(), re.MULTILINE)
    assert len(names) > 50
    assert [name for name in names if f"\n{name}" not in script] == []


def test_stamp_twice_is_once(pins: Path) -> None:
    """Stamping a stamped script changes nothing."""
    once = stamp("cat <<'PINS'\nPINS\n", pins)
    assert stamp(once, pins) == once


def test_stamp_replaces_old_pins(pins: Path) -> None:
    """Pins that were in the script before do not stay."""
    assert "old==1" not in stamp("cat <<'PINS'\nold==1\nPINS\n", pins)


def test_stamp_keeps_url_fragments(tmp_path: Path) -> None:
    """Only a `#` after a space begins a comment, as pip and startup.sh have it."""
    line = "tool @ https://example.com/tool.zip#sha256=abc"
    (tmp_path / "pins").write_text(f"{line}  # why\n")
    assert f"\n{line}\nPINS\n" in stamp("cat <<'PINS'\nPINS\n", tmp_path / "pins")


@pytest.mark.parametrize("script", ["", "cat <<'PINS'\nPINS\ncat <<'PINS'\nPINS\n", "cat <<PINS\nPINS\n"])
def test_stamp_needs_one_place(script: str, pins: Path) -> None:
    """A script without the block, or with two, is refused."""
    with pytest.raises(ProjectError, match="has no place for the pins"):
        stamp(script, pins)


FAILURES = {
    "another Airflow": (
        {"requirements.txt": "apache-airflow==3.2.1\n"},
        "requirements.txt pins apache-airflow 3.2.1, settings.toml says 3.3.1",
        "requirements.txt",
    ),
    "another Airflow, whose pins are there": (
        {"settings.toml": SETTINGS.replace("3.3.1", "2.11.2"), "locks/requirements-2.11.2.txt": ""},
        "requirements.txt pins apache-airflow 3.3.1, settings.toml says 2.11.2",
        "requirements.txt",
    ),
    "no Airflow pin": (
        {"requirements.txt": "astronomer-cosmos==1.15.1\n"},
        "requirements.txt pins apache-airflow nowhere, settings.toml says 3.3.1",
        "requirements.txt",
    ),
    "no place for pins": ({"startup.sh": "#!/bin/bash\n"}, "startup.sh has no place for the pins", "startup.sh"),
    "no place for the container": (
        {"startup.sh": "cat <<'PINS'\nPINS\n"},
        "startup.sh has no place for the container's digest",
        "startup.sh",
    ),
    "a folder that is no project": ({"dbt/notes/a.txt": ""}, "dbt/notes is no dbt project", "dbt/notes/"),
    "no lock for that Airflow": (
        {
            "settings.toml": SETTINGS.replace("3.3.1", "9.9.9"),
            "requirements.txt": "apache-airflow==9.9.9\n",
            "locks/airflow-3.3.1.txt": "",
        },
        "There is no lock for Airflow 9.9.9",
        "settings.toml, project.airflow_version",
    ),
}


@pytest.mark.parametrize(("changes", "what", "where"), FAILURES.values(), ids=FAILURES.keys())
def test_wrong_source_is_refused(changes: dict[str, str], what: str, where: str, write: Write) -> None:
    """A wrong source stops the build, and the build before stays as it was."""
    root = write("project", {**SOURCES, **changes})
    with pytest.raises(ProjectError) as caught:
        build(Paths(root), "dev")
    assert caught.value.what.startswith(what)
    assert caught.value.where == where
    assert [path.name for path in (root / "build" / "dev").iterdir()] == ["marker"]


def test_unknown_environment_is_refused(write: Write) -> None:
    """A build for an environment that is not in settings.toml makes nothing."""
    root = write("project", SOURCES)
    with pytest.raises(ProjectError, match=r"no environment 'dve'\. Did you mean 'dev'"):
        build(Paths(root), "dve")
    assert not (root / "build" / "dve").exists()
