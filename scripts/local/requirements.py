"""requirements.txt of a container, installed as on MWAA: a failure is told in a log and stops nothing.

The virtualenv of the lock has what requirements.txt asks for as long as the two were made together. Any other
requirements.txt gets a virtualenv of its own: the lock, then that file, resolved for real. What differs from MWAA:
uv resolves, not pip, and the rest of the lock stands for the image's constraints.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.env.containers import REQUIREMENTS
from scripts.local.processes import log_file
from scripts.paths import Paths
from scripts.venvs import Airflow, airflow_folder, airflow_lock, image_packages

LIMIT = 540.0  # seconds: MWAA's nine minutes
HOME = "/usr/local/airflow"
NAME = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)", re.MULTILINE)


class Requirements:
    """Installs requirements.txt files for one Airflow version, with the variables that startup.sh left."""

    def __init__(self, paths: Paths, version: str, environment: Mapping[str, str]) -> None:
        self.paths, self.environment = paths, environment
        self.shared = airflow_folder(paths, version)
        self.lock = airflow_lock(paths, version)
        self.image = image_packages(paths.root, version)
        self.log = log_file(paths, REQUIREMENTS)
        self.folder = paths.home / "requirements"

    def install(self, text: str) -> Airflow:
        """Return a virtualenv for a requirements.txt; never fails, as MWAA's container does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        wanted = self.folder / "requirements.txt"
        # Constraints and wheels lie in the DAG and plugins folders, which a file names as they are on MWAA.
        wanted.write_text(text.replace(HOME, str(self.paths.home)))
        if self._has(self.shared, wanted):
            self._say(f"{self.lock.name}, from which {self.shared.folder} was installed, has all that is required")
            return self.shared
        return self._own(text, wanted)

    def _has(self, venv: Airflow, wanted: Path) -> bool:
        # Without dependencies: those of the lock were resolved when it was made.
        code = self._uv("pip", "install", "--dry-run", "--offline", "--python", venv.python, "-r", wanted)
        return code == 0 and self.log.read_text().rstrip().endswith("Would make no changes")

    def _own(self, text: str, wanted: Path) -> Airflow:
        digest = hashlib.sha256(text.encode() + self.lock.read_bytes()).hexdigest()[:12]
        venv, constraints = Airflow(self.folder / digest), self.folder / "constraints.txt"
        made = self._uv("venv", "--quiet", "--clear", "--python", self.shared.python, venv.folder)
        if made or self._uv("pip", "sync", "--quiet", "--python", venv.python, self.lock):
            self._say(
                f"the rehearsal could not install {self.lock.name} again: Airflow starts from {self.shared.folder}"
            )
            return self.shared
        constraints.write_text(self._constraints(text))
        if self._uv("pip", "install", "--python", venv.python, "-r", wanted, "-c", constraints):
            self._fail(venv, text)
        return venv

    def _constraints(self, text: str) -> str:
        ours = names(text) - {"apache-airflow"}
        return "".join(line for line in self.lock.read_text().splitlines(True) if not names(line) & ours)

    def _fail(self, venv: Airflow, text: str) -> None:
        """Take away what the lock has of requirements.txt: on MWAA, nothing of it would be there."""
        required = names(text) | names((self.paths.root / "requirements.txt").read_text())
        gone = sorted(required - names(self.image.read_text()) - {"apache-airflow"})
        # Begun as pip's own, since on MWAA it is these lines that are looked for.
        self._say(f"ERROR: {_cause(self.log.read_text())}")
        self._say(f"ERROR: Airflow starts without {', '.join(gone) or 'any of it'}, as on MWAA")
        if gone:
            self._uv("pip", "uninstall", "--quiet", "--python", venv.python, *gone)

    def _uv(self, *arguments: object) -> int:
        uv = Path(sys.executable).with_name("uv")
        with self.log.open("a") as log:
            log.write(f"+ uv {' '.join(map(str, arguments))}\n")
            log.flush()
            try:
                done = subprocess.run(
                    [uv, *map(str, arguments)],
                    env=dict(self.environment),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    check=False,
                    timeout=LIMIT,
                )
            except subprocess.TimeoutExpired:
                log.write(f"error: timed out after {LIMIT:.0f} s, MWAA's limit\n")
                return 1
            return done.returncode

    def _say(self, what: str) -> None:
        with self.log.open("a") as log:
            log.write(what + "\n")


def _cause(log: str) -> str:
    """Return what uv has said last of an error and its causes, in one line."""
    _, _, last = f"\n{log}".rpartition("\nerror: ")
    return " ".join(line.strip().removeprefix("cause: ") for line in last.splitlines())


def names(text: str) -> set[str]:
    """Return the packages that a requirements file names, in their canonical form."""
    return {re.sub(r"[-_.]+", "-", name).lower() for name in NAME.findall(text)}
