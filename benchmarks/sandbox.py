"""A copy of the project in which a benchmark may change what it likes, with a rehearsal of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load
from scripts.fingerprint import SOURCES
from scripts.local import state
from scripts.local.state import Rehearsal
from scripts.paths import Paths
from scripts.venvs import airflow_venv, dbt_venv

SAMPLES = ("dags/finance.py", "dags/jaffle_shop.py", "dags/loyalty.py", "dbt/jaffle_shop", "dbt/loyalty")
EXECUTORS: Mapping[str, tuple[str, ...]] = {
    "local": (),
    # One worker of MWAA's smallest class that has more than one slot.
    "celery": ("--executor", "celery", "--workers", "1", "--slots", "5"),
}
TABLE = "[environments.local.airflow]\n"


@dataclass(frozen=True)
class Sandbox:
    """The copy: sources, and the virtualenvs of the project that it was made from."""

    paths: Paths
    dbt: str
    environment: Mapping[str, str]

    @contextmanager
    def rehearsal(self, executor: str) -> Iterator[Rehearsal]:
        """Build the copy and rehearse it meanwhile."""
        try:
            self._mwaa("up", "--port", str(state.free_port()), *EXECUTORS[executor])
            yield state.needed(self.paths)
        finally:
            self._mwaa("down")

    def _mwaa(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "scripts.cli", "local", *arguments]
        done = subprocess.run(command, cwd=self.paths.root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProjectError(
                f"The copy's rehearsal failed:\n{done.stderr.strip()[-3000:]}",
                f"mwaa local {' '.join(arguments)}",
                "mend what it names, then run this again",
            )

    def as_stock(self, options: Mapping[str, str]) -> None:
        """Take away what of ours speeds up any DAG: the plugins, and Airflow options."""
        for plugin in (self.paths.root / "plugins").iterdir():
            plugin.unlink() if plugin.is_file() else shutil.rmtree(plugin)
        text = self.paths.settings.read_text()
        lines = "".join(f'"{name}" = "{value}"\n' for name, value in options.items())
        known = TABLE in text
        self.paths.settings.write_text(text.replace(TABLE, TABLE + lines) if known else f"{text}\n{TABLE}{lines}")


def sandbox(ours: Paths, root: Path) -> Sandbox:
    """Copy a project's sources without its sample projects; only the installed virtualenvs are shared."""
    root.mkdir(parents=True)
    for name in SOURCES:
        source = ours.root / name
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(source, root / name, ignore=ignored) if source.is_dir() else shutil.copy(source, root)
    for name in SAMPLES:
        path = root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    paths, started = Paths(root), dbt_venv(ours)
    paths.home.mkdir(parents=True)
    venv = airflow_venv(ours, load(ours.settings).project.airflow_version).folder
    (paths.state / venv.name).symlink_to(venv)
    (paths.home / "dbt-venv").symlink_to(ours.home / "dbt-venv")
    return Sandbox(paths, started.environment["MWAA_DBT_EXECUTABLE"], started.environment)
