"""What dbt alone makes of the sample project, to compare with."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import snowflake.connector

from scripts.local import state
from scripts.local.manifests import read_relations
from scripts.local.processes import answers
from scripts.venvs import dbt_venv
from tests.e2e.conftest import Project

PROFILE = """
jaffle_shop:
  target: plain
  outputs:
    plain: {type: snowflake, account: rehearsal, user: DBT, password: any, role: TRANSFORMER, threads: 4,
            warehouse: TRANSFORMING, database: ANALYTICS, schema: jaffle_shop,
            host: snowflake.localhost, port: 80, protocol: http}
"""


def plain_build(project: Project, folder: Path) -> dict[str, int]:
    """Return rows by table after `dbt build` with nothing of ours but the warehouse's front."""
    port, environment = state.free_port(), dbt_venv(project.paths).environment
    front = subprocess.Popen([sys.executable, "-m", "uvicorn", "scripts.local.outside:app", "--port", str(port)])
    proxy = {"HTTP_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": "127.0.0.1"}
    (folder / "profiles.yml").write_text(PROFILE)
    shutil.copytree(Path(__file__).parents[2] / "dbt" / "jaffle_shop", folder / "jaffle_shop")
    try:
        _wait_for(f"http://127.0.0.1:{port}")
        command = [environment["MWAA_DBT_EXECUTABLE"], "build", "--quiet", "--profiles-dir", str(folder)]
        subprocess.run(command, cwd=folder / "jaffle_shop", env={**environment, **proxy}, check=True)
        return _counts(project, port)
    finally:
        front.terminate()
        front.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + 30
    while not answers(url):
        assert time.monotonic() < end, f"{url} does not answer"
        time.sleep(0.1)


def _counts(project: Project, port: int) -> dict[str, int]:
    login = {"account": "rehearsal", "user": "DBT", "password": "any", "host": "snowflake.localhost", "port": 80}
    proxy = {"protocol": "http", "proxy_host": "127.0.0.1", "proxy_port": port}
    tables = read_relations(project.paths.build("local"))
    with snowflake.connector.connect(**login, **proxy, database="ANALYTICS") as connection:
        cursor = connection.cursor()
        return {name: _count(cursor, table) for name, table in tables.items()}


def _count(cursor: snowflake.connector.cursor.SnowflakeCursor, table: str) -> int:
    cursor.execute(f"select count(*) from {table}")  # noqa: S608 - names from dbt's manifest
    return int(cursor.fetchall()[0][0])
