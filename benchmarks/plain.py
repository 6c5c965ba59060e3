"""dbt alone: a copy of a project per way, parsed beforehand, with the profile that stock Cosmos would write."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import Sample
from benchmarks.sandbox import Sandbox
from benchmarks.usage import processes
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load
from scripts.local import state
from scripts.local.processes import answers
from scripts.projects import DbtProject

# What Cosmos calls it: dbt hashes the names and values of a profile's variables into its partial parse.
PASSWORD = "COSMOS_CONN_SNOWFLAKE_PASSWORD"  # noqa: S105
TARGET = "local"


@dataclass(frozen=True)
class Warehouse:
    """A Snowflake on loopback: its port, and what it takes for a password."""

    port: int
    password: str = "any"  # noqa: S105
    pid: int = 0

    @property
    def variables(self) -> dict[str, str]:
        """What leads dbt to it, and to nothing else."""
        proxy = {"HTTP_PROXY": f"http://127.0.0.1:{self.port}", "NO_PROXY": "127.0.0.1"}
        return {**proxy, **{name.lower(): value for name, value in proxy.items()}, PASSWORD: self.password}


@dataclass(frozen=True)
class Plain:
    """dbt, and the folder of a project's copies."""

    sandbox: Sandbox
    project: DbtProject
    warehouse: Warehouse

    def prepare(self, schema: str) -> Path:
        """Copy the project, let dbt parse it, and return the copy; profiles.yml stands beside it."""
        folder = self.sandbox.paths.root / "plain" / schema
        copy = folder / self.project.name
        shutil.copytree(self.project.folder, copy)
        profiles = {self.project.name: {"target": TARGET, "outputs": {TARGET: self._profile(schema)}}}
        (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
        if DbtProject(self.project.name, copy).wants_packages and not (copy / "dbt_packages").is_dir():
            self.dbt(copy, "deps")
        self.dbt(copy, "parse")
        return copy

    def build(self, copy: Path) -> Sample:
        """Run `dbt build` and return what it took."""
        before, begun = _seconds(self.warehouse.pid), time.monotonic()
        used = self.dbt(copy, "build")
        seconds = time.monotonic() - begun
        facts = {"workers": used.ru_utime + used.ru_stime, "warehouse": _seconds(self.warehouse.pid) - before}
        return Sample(seconds, {**facts, "dbt MB": used.ru_maxrss // 1024})

    def command(self, copy: Path, verb: str) -> list[str]:
        """Return dbt's command line."""
        profile = ["--profiles-dir", str(copy.parent), "--profile", self.project.name, "--target", TARGET]
        return [self.sandbox.dbt, verb, "--quiet", "--project-dir", str(copy), *profile]

    def dbt(self, copy: Path, verb: str) -> Any:
        """Run dbt and return its resource usage.

        Raises:
            ProjectError: if it fails, with the end of what it says.
        """
        log, environment = copy.parent / f"{verb}.log", {**self.sandbox.environment, **self.warehouse.variables}
        with log.open("w") as output:
            process = subprocess.Popen(
                self.command(copy, verb), cwd=copy, env=environment, stdout=output, stderr=subprocess.STDOUT
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise ProjectError(f"dbt failed:\n{log.read_text()[-2000:]}", f"dbt {verb}", "mend what it names")
        return used

    def _profile(self, schema: str) -> dict[str, Any]:
        facts = load(self.sandbox.paths.settings).environment("local").snowflake
        named = ("account", "user", "role", "warehouse", "database", "host", "port", "protocol", "threads")
        known = {name: getattr(facts, name) for name in named}
        return {"type": "snowflake", **known, "schema": schema, "password": f"{{{{ env_var('{PASSWORD}') }}}}"}


@contextmanager
def warehouse() -> Iterator[Warehouse]:
    """Start the rehearsal's Snowflake, and nothing besides."""
    port = state.free_port()
    command = [sys.executable, "-m", "uvicorn", "scripts.local.outside:app", "--port", str(port)]
    front = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}")
        yield Warehouse(port, pid=front.pid)
    finally:
        front.terminate()
        front.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + 30
    while not answers(url):
        if time.monotonic() > end:
            raise ProjectError("The rehearsal's Snowflake does not answer.", url, "run this again")
        time.sleep(0.1)


def _seconds(pid: int) -> float:
    return sum(process.own + process.children for process in processes() if process.pid == pid)
