"""A real PostgreSQL, from this machine or the wheel, in a folder that only its owner may enter."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mwaa_dbt.errors import ProjectError
from scripts.local import processes, state
from scripts.local.postgres import OLDEST, Postgres, programs, url
from scripts.local.processes import Launcher
from scripts.local.state import POSTGRES, Rehearsal, free_port
from scripts.paths import Paths
from scripts.venvs import Airflow, postgres_wheel

ROOT = Path(__file__).parents[2]
# In Airflow's place: makes one table in the database that it is given.
MIGRATE = """#!/bin/sh
[ "$1 $2" = "db migrate" ] || exit 1
echo once >> "$0.log"
url=$(echo "$AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" | sed s/+psycopg2//)
exec "{psql}" "$url" -q -c "create table dag (dag_id text)"
"""


@pytest.fixture(scope="module", params=["machine", "wheel"])
def binaries(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of PostgreSQL's programs."""
    paths = Paths(tmp_path_factory.mktemp(request.param))
    (paths.root / "locks").mkdir()
    shutil.copy(ROOT / "locks" / "postgres.txt", paths.root / "locks")
    wheel = postgres_wheel(paths) if request.param == "wheel" else None
    found = programs(paths) if wheel is None else next(wheel.glob("*/pginstall18/bin"))
    assert found.is_relative_to(paths.root) or wheel is None
    return found


@pytest.fixture
def server(binaries: Path, tmp_path: Path) -> Iterator[Postgres]:
    """Return a server that is not started yet; afterwards nothing runs."""
    paths = Paths(tmp_path)
    state.folder(paths).mkdir(parents=True)
    tmp_path.chmod(0o700)
    venv = Airflow(paths.state / "airflow")
    venv.airflow.parent.mkdir(parents=True)
    venv.airflow.write_text(MIGRATE.format(psql=binaries / "psql"))
    venv.airflow.chmod(0o755)
    rehearsal = Rehearsal("local", "eu-central-1", "bucket", {POSTGRES: free_port()})
    made = Postgres(Launcher(paths, rehearsal), venv)
    made.programs = binaries
    yield made
    processes.end(paths)


def variables(server: Postgres) -> dict[str, str]:
    """Return what Airflow's processes would get of it."""
    return {"PATH": os.defpath, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url(server.rehearsal, server.folder)}


def ask(server: Postgres, statement: str, password: str | None = None) -> str:
    """Return what psql prints."""
    told = url(server.rehearsal, server.folder).replace("+psycopg2", "")
    secret = (server.folder / "postgres.password").read_text()
    command: list[str | Path] = [
        server.programs / "psql",
        told.replace(secret, password or secret),
        "-t",
        "-A",
        "-c",
        statement,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return str(done.stdout.strip() + done.stderr)


def test_database_is_fresh_and_its_own(server: Postgres) -> None:
    """The first start migrates, the next ones copy: empty tables each time, under a new password."""
    server.create(variables(server))
    ask(server, "insert into dag values ('left from before')")
    assert ask(server, "select count(*) from dag") == "1"
    assert "password authentication failed" in ask(server, "select 1", password="guessed")
    before = (server.folder / "postgres.password").read_text()
    processes.end(server.launcher.paths)
    shutil.rmtree(server.folder)
    server.folder.mkdir()
    server.create(variables(server))
    assert ask(server, "select count(*) from dag") == "0"
    assert "password authentication failed" in ask(server, "select 1", password=before)
    assert server.airflow.airflow.with_name("airflow.log").read_text() == "once\n"


def test_server_is_on_loopback_without_root(server: Postgres) -> None:
    """It listens on 127.0.0.1 alone, and not as root, who starts it in a container."""
    server.create(variables(server))
    process = psutil.Process(server.rehearsal.members[POSTGRES].pid)
    assert {connection.laddr.ip for connection in process.net_connections()} == {"127.0.0.1"}
    assert process.uids().real != 0


def test_end_leaves_no_process(server: Postgres) -> None:
    """PostgreSQL and its children end in good order though a client is at work, and so does a second end."""
    server.create(variables(server))
    client = subprocess.Popen(
        [
            server.programs / "psql",
            url(server.rehearsal, server.folder).replace("+psycopg2", ""),
            "-c",
            "select pg_sleep(60)",
        ],
        stderr=subprocess.DEVNULL,
    )
    leader = psutil.Process(server.rehearsal.members[POSTGRES].pid)
    family = [leader, *leader.children(recursive=True)]
    assert processes.end(server.launcher.paths) >= len(family)
    assert client.wait(timeout=10) != 0
    assert [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
    log = processes.log_file(server.launcher.paths, POSTGRES).read_text()
    assert "database system is shut down" in log
    assert processes.end(server.launcher.paths) == 0


def test_failing_migration_is_told(server: Postgres) -> None:
    """What Airflow says of a failed migration is shown, and nothing is kept for the next start."""
    server.airflow.airflow.write_text("#!/bin/sh\necho 'no such revision'\nexit 1\n")
    with pytest.raises(ProjectError, match="no such revision"):
        server.create(variables(server))
    assert [path.name for path in server.airflow.folder.iterdir()] == ["bin"]


def test_old_server_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL on PATH that Airflow does not support is not taken."""
    for program in ("postgres", "initdb"):
        (tmp_path / program).write_text(f'#!/bin/sh\necho "{program} (PostgreSQL) {OLDEST - 1}.2"\n')
        (tmp_path / program).chmod(0o755)
    (tmp_path / "locks").mkdir()
    shutil.copy(ROOT / "locks" / "postgres.txt", tmp_path / "locks")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    assert programs(Paths(tmp_path)) != tmp_path
    (tmp_path / "postgres").write_text(f'#!/bin/sh\necho "postgres (PostgreSQL) {OLDEST}.2"\n')
    assert programs(Paths(tmp_path)) == tmp_path
