"""scripts/bootstrap.sh on machines where it cannot work: it says why, and leaves nothing half made."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "sed", "cut", "dirname", "rm", "mkdir")
PYTHON = Path(sys.base_prefix, "bin", "python3.12")
NOT_312 = f'#!/bin/sh\ncase "$*" in *version_info*) exit 1 ;; esac\nexec "{PYTHON}" "$@"\n'
"""A Python that says it is not 3.12 when it is asked, and else does what a Python does."""


@pytest.fixture
def nowhere() -> Iterator[str]:
    """Return a URL on loopback where nothing answers, and nothing will while the test runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


class Machine:
    """A project folder and a PATH of its own."""

    def __init__(self, root: Path, nowhere: str) -> None:
        self.project, self.bin = root / "project", root / "bin"
        (self.project / "scripts").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(ROOT / "scripts" / "bootstrap.sh", self.project / "scripts")
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(ROOT / name, self.project)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(root / "home"),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": nowhere,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_RETRIES": "0",
            "UV_CACHE_DIR": str(root / "cache"),
            "UV_DEFAULT_INDEX": nowhere,
            "UV_HTTP_RETRIES": "0",
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_INSTALL_DIR": str(root / "pythons"),
            "UV_PYTHON_INSTALL_MIRROR": nowhere,
        }

    def python(self, script: str) -> None:
        """Put a python3 on PATH."""
        (self.bin / "python3").write_text(script)
        (self.bin / "python3").chmod(0o755)

    def wheel(self, folder: Path) -> None:
        """Let pip find uv in a folder: a wheel whose uv is the one that runs these tests."""
        pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
        version = next(pin.removeprefix("uv==") for pin in pins if pin.startswith("uv=="))
        folder.mkdir()
        with zipfile.ZipFile(folder / f"uv-{version}-py3-none-any.whl", "w") as wheel:
            info = f"uv-{version}.dist-info"
            script = f'#!/bin/sh\nexec "{uv.find_uv_bin()}" "$@"\n'
            command = zipfile.ZipInfo(f"uv-{version}.data/scripts/uv")
            command.external_attr = 0o100755 << 16
            wheel.writestr(command, script)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: uv\nVersion: {version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        self.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}

    def refused(self) -> list[str]:
        """Run bootstrap.sh, which must fail; return the three parts of its error."""
        done = subprocess.run(
            [self.bin / "sh", "scripts/bootstrap.sh"],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        return [line.split(":", 1)[1].strip() for line in done.stderr.splitlines()[-3:]]


@pytest.fixture
def machine(tmp_path: Path, nowhere: str) -> Machine:
    """Return a machine with a shell, without a Python and without a network."""
    return Machine(tmp_path, nowhere)


def test_no_python_is_told(machine: Machine) -> None:
    """Without any Python there is nothing to begin with."""
    assert machine.refused() == [
        "There is no Python 3 with venv.",
        "PATH",
        "install Python 3.12 (with venv), then run make again",
    ]
    assert not (machine.project / ".venv").exists()


def test_no_network_is_told(machine: Machine) -> None:
    """A machine that reaches no package index is told so, and no virtualenv is left."""
    machine.python(NOT_312)
    what, where, fix = machine.refused()
    assert (what, where) == ("uv could not be installed.", "pip, see above")
    assert fix.startswith("mend the network or package index")
    assert not (machine.project / ".venv").exists()


def test_no_python_312_is_told(machine: Machine, tmp_path: Path) -> None:
    """Where uv is to be had but no Python 3.12, that is told, and no virtualenv is left."""
    machine.python(NOT_312)
    machine.wheel(tmp_path / "wheels")
    what, where, fix = machine.refused()
    assert what == "There is no Python 3.12 here, and none could be fetched."
    assert (where, fix) == ("PATH", "install Python 3.12 (MWAA runs it), then run make again")
    assert not (machine.project / ".venv").exists()


def test_failed_installation_looks_unfinished(machine: Machine, tmp_path: Path) -> None:
    """A virtualenv that could not be filled has no uv, by which the next run knows that it must begin again."""
    machine.python(f'#!/bin/sh\nexec "{PYTHON}" "$@"\n')
    machine.wheel(tmp_path / "wheels")
    what, where, fix = machine.refused()
    assert (what, where) == ("The tools could not be installed.", "uv.lock, see above")
    assert fix == "mend what uv names above, then run make again"
    assert not (machine.project / ".venv" / "bin" / "uv").exists()
