"""A dbt project with hooks in it and in a package, built as `mwaa build` does, and run against a Snowflake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from scripts.archive import pack
from scripts.dbt import Dbt
from scripts.hooks import wrap_hooks
from scripts.local.state import free_port
from scripts.paths import Paths
from scripts.projects import DbtProject, find_projects, stage
from scripts.venvs import dbt_venv

ROOT = Path(__file__).parents[2]
SOURCES = Path(__file__).parent / "dbt"
PROGRAM = ROOT / "dags" / "mwaa_dbt" / "inside" / "hooks.py"
TABLES = ("notes", "schemas", "artifacts", "elementary")
LOGIN: dict[str, Any] = {
    "account": "rehearsal",
    "user": "DBT",
    "password": "correct horse",
    "database": "ANALYTICS",
    "host": "snowflake.localhost",
    "port": 80,
    "protocol": "http",
}

type Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Ran:
    """A dbt process that has ended: exit code, what it printed, and where it wrote."""

    code: int
    output: str
    folder: Path

    @property
    def results(self) -> list[dict[str, Any]]:
        """What its run_results.json says."""
        return list(json.loads((self.folder / "target" / "run_results.json").read_text())["results"])

    @property
    def parsed_nothing(self) -> bool:
        """Whether the shipped parse was taken as it is."""
        log = (self.folder / "logs" / "dbt.log").read_text()
        used = "Partial parsing enabled: 0 files deleted, 0 files added, 0 files changed" in log
        return used and "Unable to do partial parsing" not in log


@dataclass(frozen=True)
class Shop:
    """The project as a task finds it: its unpacked archive, a profile, and a warehouse."""

    executable: Path
    folder: Path
    profiles: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What dbt needs to find the warehouse."""
        proxy = {"HTTP_PROXY": f"http://127.0.0.1:{self.port}", "NO_PROXY": "127.0.0.1"}
        return {**os.environ, **proxy, **{name.lower(): value for name, value in proxy.items()}}

    def dbt(self, hooks: str, *arguments: str) -> Ran:
        """Run dbt in a copy of its own, as Cosmos does, with hooks "run" or "off"."""
        return self._run([str(self.executable), *arguments], hooks)

    def hooks(self, *arguments: str) -> Ran:
        """Run the program that runs hooks only."""
        return self._run([str(self.executable.with_name("python")), "-P", str(PROGRAM), *arguments], "run")

    def end(self, results: list[dict[str, Any]], *arguments: str) -> Ran:
        """Run the hooks of the end with these results."""
        path = self.profiles / "results.json"
        path.write_text(json.dumps(results))
        return self.hooks("--results", str(path), "end", "build", *arguments)

    def _run(self, command: list[str], hooks: str) -> Ran:
        copy = self.folder.with_name(f"copy-{time.monotonic_ns()}")
        shutil.copytree(self.folder, copy)
        folders = ["--project-dir", str(copy), "--profiles-dir", str(self.profiles)]
        environment = {**self.environment, "MWAA_DBT_HOOKS": hooks}
        command = [*command, *folders, "--profile", "shop", "--target", "local"]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        return Ran(done.returncode, done.stdout + done.stderr, copy)

    def rows(self, table: str) -> Rows:
        """Return what hooks wrote into a table, in order; nothing if it is not there."""
        with snowflake.connector.connect(**LOGIN, proxy_host="127.0.0.1", proxy_port=self.port) as connection:
            cursor = connection.cursor(snowflake.connector.DictCursor)
            try:
                cursor.execute(f"select * from analytics.shop.{table}")  # noqa: S608 - a name of TABLES
            except snowflake.connector.errors.ProgrammingError:
                return []
            return [{str(key).lower(): str(value) for key, value in dict(row).items()} for row in cursor.fetchall()]

    def schemas(self) -> set[str]:
        """Return the shop's schemas."""
        with snowflake.connector.connect(**LOGIN, proxy_host="127.0.0.1", proxy_port=self.port) as connection:
            cursor = connection.cursor()
            cursor.execute("select schema_name from analytics.information_schema.schemata")
            return {str(row[0]).upper() for row in cursor.fetchall() if str(row[0]).upper().startswith("SHOP")}

    def clear(self) -> None:
        """Empty the warehouse."""
        with snowflake.connector.connect(**LOGIN, proxy_host="127.0.0.1", proxy_port=self.port) as connection:
            for schema in ("shop", "shop_marts"):
                connection.cursor().execute(f"drop schema if exists analytics.{schema} cascade")


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """Run the rehearsal's Snowflake and return its port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "scripts.local.outside:app", "--port", str(port)]
    environment = {**os.environ, "REHEARSAL_SNOWFLAKE_PASSWORD": LOGIN["password"]}
    with subprocess.Popen([*command, "--log-level", "error"], cwd=ROOT, env=environment) as front:
        try:
            _await_login(port, front)
            yield port
        finally:
            front.terminate()


def _await_login(port: int, front: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and front.poll() is None:
        try:
            snowflake.connector.connect(**LOGIN, proxy_host="127.0.0.1", proxy_port=port, login_timeout=2).close()
        except snowflake.connector.errors.Error:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the warehouse did not start on port {port}")


def make_dbt(profiles: Path) -> Dbt:
    """Return dbt as the build runs it, with the profile of the shop."""
    environment = dbt_venv(Paths(ROOT)).environment
    output = {"type": "snowflake", "schema": "shop", "role": "R", "warehouse": "W", "threads": 4, **LOGIN}
    profiles.mkdir()
    profile = {"target": "local", "outputs": {"local": output}}
    (profiles / "profiles.yml").write_text(json.dumps({"shop": profile, "audit": profile}))
    return Dbt(environment["MWAA_DBT_EXECUTABLE"], environment, profiles, "local")


def build(sources: Path, folder: Path, dbt: Dbt) -> Path:
    """Stage, wrap, parse and pack the shop as `mwaa build` does; return the archive."""
    (shop,) = [project for project in stage(find_projects(sources), folder) if project.name == "shop"]
    dbt.deps(shop)
    wrap_hooks(shop)
    dbt.parse(shop)
    return pack(DbtProject("shop", shop.folder), folder.with_name(f"{folder.name}-out"))


@pytest.fixture(scope="session")
def built(port: int, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Build the shop once."""
    folder = tmp_path_factory.mktemp("shop")
    dbt = make_dbt(folder / "profiles")
    with zipfile.ZipFile(build(SOURCES, folder / "stage", dbt)) as archive:
        archive.extractall(folder / "unpacked")
    return Shop(Path(dbt.executable), folder / "unpacked", folder / "profiles", port)


@pytest.fixture
def shop(built: Shop) -> Shop:
    """Return the shop with an empty warehouse."""
    built.clear()
    return built
