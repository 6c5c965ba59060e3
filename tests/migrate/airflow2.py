"""Metadata databases of a real Airflow 2, on SQLite, and its Python."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.paths import Paths
from scripts.venvs import airflow_venv

ROOT = Path(__file__).parents[2]
VERSION = "2.11.2"
KEYS = [base64.urlsafe_b64encode(bytes([number] * 32)).decode() for number in (1, 2)]
INSIDE = Path(__file__).with_name("inside.py")


@dataclass(frozen=True)
class Airflow2:
    """An Airflow with a metadata database; `key` is its Fernet key, `more` goes into its environment."""

    home: Path
    python: Path
    aws: str
    key: str = KEYS[0]
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes."""
        options = {"CORE__LOAD_EXAMPLES": "False", "CORE__FERNET_KEY": self.key, "CORE__UNIT_TEST_MODE": "False"}
        options |= {"DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}"}
        aws = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": self.aws}
        return {
            **{f"AIRFLOW__{name}": value for name, value in options.items()},
            **aws,
            **self.more,
            "AIRFLOW_HOME": str(self.home),
            "PATH": os.defpath,
            "HOME": str(self.home),
        }

    def start(self, verb: str, wish: dict[str, Any]) -> subprocess.Popen[bytes]:
        """Start a verb of inside.py."""
        process = subprocess.Popen(
            [self.python, INSIDE, verb],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.home,
        )
        assert process.stdin
        process.stdin.write(json.dumps(wish).encode())
        process.stdin.close()
        return process

    def do(self, verb: str, wish: dict[str, Any] | None = None) -> tuple[int, str]:
        """Run a verb to its end, and return its exit code and output."""
        process = self.start(verb, wish or {})
        assert process.stdout
        text = process.stdout.read().decode()
        return process.wait(), text

    def test(self, dag: str, text: str, conf: dict[str, Any]) -> tuple[int, str]:
        """Run a DAG by Airflow's own command, with its supervisor of tasks; return its exit code and output."""
        (self.home / "dags").mkdir(exist_ok=True)
        (self.home / "dags" / f"{dag}.py").write_text(text)
        command = [str(self.python), "-m", "airflow", "dags", "test", dag, "--conf", json.dumps(conf)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def tell(self) -> dict[str, list[str]]:
        """Return what is in the database."""
        code, text = self.do("tell")
        assert code == 0, text
        return dict(json.loads(text.splitlines()[-1]))

    def copy(self, home: Path, key: str | None = None) -> Airflow2:
        """Return another one with the same content."""
        shutil.copytree(self.home, home)
        return Airflow2(home, self.python, self.aws, key or self.key)


def empty(home: Path, aws: str, version: str = VERSION) -> Airflow2:
    """Make a metadata database, of a version that MWAA has."""
    made = Airflow2(home, _python(version), aws)
    home.mkdir()
    command = [str(made.python), "-m", "airflow", "db", "migrate"]
    done = subprocess.run(command, env=made.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return made


def _python(version: str) -> Path:
    """Return an Airflow's Python, installed by one test process alone."""
    with (Paths(ROOT).state / f"airflow-{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return airflow_venv(Paths(ROOT), version).python
