"""What dbt alone makes of a project, to compare with."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import snowflake.connector
import yaml

from benchmarks.plain import warehouse
from scripts.local.manifests import read_relations
from scripts.venvs import dbt_venv
from tests.e2e.conftest import Project
from tests.e2e.contents import Cursor, login

SAMPLE = "jaffle_shop"


class Plain:
    """dbt alone, on a copy of a project's folder.

    Args:
        project: where the folder and dbt are, with a rehearsal that runs.
        name: of the dbt project.
        folder: of the copy.
        port: of the warehouse; the rehearsal's own if 0.
    """

    def __init__(self, project: Project, name: str, folder: Path, port: int = 0) -> None:
        self.folder, known = folder / name, login(project)
        shutil.copytree(project.paths.root / "dbt" / name, self.folder)
        output = {key: known[key] for key in ("account", "user", "password", "database", "host", "port")}
        output |= {"type": "snowflake", "schema": name, "threads": 4, "protocol": "http"}
        (folder / "profiles.yml").write_text(yaml.safe_dump({name: {"target": "plain", "outputs": {"plain": output}}}))
        proxy = f"http://{known['proxy_host']}:{port or known['proxy_port']}"
        self.environment = {**dbt_venv(project.paths).environment, "HTTP_PROXY": proxy, "NO_PROXY": "127.0.0.1"}
        self._dbt("deps")

    def build(self, *options: str) -> None:
        """Run `dbt build`."""
        self._dbt("build", *options)

    def _dbt(self, *command: str) -> None:
        profile = ["--profiles-dir", str(self.folder.parent), "--profile", self.folder.name]
        dbt = [self.environment["MWAA_DBT_EXECUTABLE"], *command, "--quiet", *profile]
        done = subprocess.run(dbt, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def plain_build(project: Project, folder: Path) -> dict[str, int]:
    """Return rows by table after `dbt build` of the sample project in a warehouse of its own."""
    known = read_relations(project.paths.build("local")).items()
    tables = {name: table for name, table in known if name.startswith(f"{SAMPLE}.")}
    with warehouse() as own:
        Plain(project, SAMPLE, folder, own.port).build()
        with snowflake.connector.connect(**{**login(project), "proxy_port": own.port}) as connection:
            cursor = connection.cursor()
            return {name: _count(cursor, table) for name, table in tables.items()}


def _count(cursor: Cursor, table: str) -> int:
    cursor.execute(f"select count(*) from {table}")  # noqa: S608 - names from dbt's manifest
    return int(cursor.fetchall()[0][0])
