"""A project of its own, with a rehearsal that runs in it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector

from mwaa_dbt.settings import load
from scripts import connections
from scripts.aws import Aws
from scripts.local import state
from scripts.local.rows import connect_arguments
from scripts.paths import Paths
from scripts.venvs import airflow_venv, dbt_venv, requirements_of
from tests import command
from tests.command import MWAA

ROOT = Path(__file__).parents[2]
SAMPLES = ("jaffle_shop", "finance", "loyalty")
SOURCES = ("dags", "dbt", "locks", "plugins", "requirements.txt", "settings.toml", "startup.sh")


class Done(command.Done):
    """A finished `mwaa` command, also one that ran a DAG."""

    @property
    def run(self) -> dict[str, Any]:
        """What `mwaa local run --json` printed."""
        return dict(self.json)

    @property
    def states(self) -> dict[str, str]:
        """Task → state."""
        return {task["name"]: task["state"] for task in self.run["tasks"]}

    @property
    def rows(self) -> dict[str, int]:
        """<project>.<node> → rows of what the run wrote."""
        rows = {task["name"]: task["rows"] for task in self.run["tasks"] if task["rows"] is not None}
        return {re.sub(r"[._](run|seed|snapshot)$", "", name): count for name, count in rows.items()}


@dataclass(frozen=True)
class Project:
    """A copy of this repository's project, where a test may change what it likes."""

    paths: Paths

    def mwaa(self, *arguments: str) -> Done:
        """Run the command as a person would, in the project's folder."""
        done = subprocess.run([MWAA, *arguments], cwd=self.paths.root, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def drop_samples(self, *, projects: bool = True) -> None:
        """Remove the sample DAGs, and the dbt projects that they are of."""
        for dag in SAMPLES:
            (self.paths.root / "dags" / f"{dag}.py").unlink()
            if projects:
                shutil.rmtree(self.paths.root / "dbt" / dag, ignore_errors=True)

    def up(self) -> Done:
        """Start a rehearsal; on a port of its own, since several that look for 8080 at once would all find it free."""
        return self.mwaa("local", "up", "--port", str(state.free_port()))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the rehearsal's Snowflake."""
        rehearsal = state.needed(self.paths)
        aws = Aws(rehearsal.region, rehearsal.url("aws"))
        environment = load(self.paths.settings).environment("local")
        secret = aws.secret(connections.secret_name(environment, environment.snowflake.connection))
        with snowflake.connector.connect(**connect_arguments(secret, rehearsal)) as connection:
            return [tuple(row) for row in connection.cursor().execute(statement).fetchall()]  # type: ignore[union-attr]

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text in a file of the project, once."""
        file = self.paths.root / path
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} is not once in {path}"
        file.write_text(text.replace(old, new))


def copy_project(root: Path, version: str = "") -> Project:
    """Copy the sources; only the installed virtualenvs are shared, since they take long to make.

    Args:
        root: an empty folder.
        version: that of Airflow to move the copy to, as docs/locks.md says; empty: the project's own.
    """
    for name in SOURCES:
        source = ROOT / name
        shutil.copytree(source, root / name) if source.is_dir() else shutil.copy(source, root)
    paths, ours = Paths(root), Paths(ROOT)
    own = load(ours.settings).project.airflow_version
    version = version or own
    if version != own:
        paths.settings.write_text(paths.settings.read_text().replace(f'"{own}"', f'"{version}"'))
        shutil.copy(requirements_of(root, version), root / "requirements.txt")
    paths.home.mkdir(parents=True)
    (paths.state / f"airflow-{version}").symlink_to(airflow_venv(ours, version).folder)
    dbt_venv(ours)
    (paths.home / "dbt-venv").symlink_to(ours.home / "dbt-venv")
    return Project(paths)


def assert_partial_parse(project: Project) -> None:
    """Check in every task's log that dbt used the shipped parse."""
    logs = [path.read_text() for path in (project.paths.home / "logs").rglob("*.log")]
    assert any("partial_parse.msgpack" in log for log in logs)
    assert not any("Unable to do partial parsing" in log for log in logs)


def slack(project: Project, title: str, patience: float = 30.0) -> list[dict[str, Any]]:
    """Return the calls whose text begins with a title, once there is one and no other has followed for 3 s.

    Airflow's DAG processor sends them, after the run has ended.
    """
    file, end, found = state.folder(project.paths) / "slack.jsonl", time.monotonic() + patience, list[dict[str, Any]]()
    quiet = time.monotonic()
    while time.monotonic() < end and not (found and time.monotonic() - quiet > 3):
        calls = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
        now = [call for call in calls if str(call.get("text", "")).startswith(title)]
        quiet = time.monotonic() if len(now) != len(found) else quiet
        found = now
        time.sleep(0.2)
    return found


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Copy the project for the story of its rehearsal, and end that."""
    copy = copy_project(tmp_path_factory.mktemp("project"))
    yield copy
    copy.mwaa("local", "down")


@pytest.fixture(scope="session")
def rehearsal(project: Project) -> state.Rehearsal:
    """Start the rehearsal once for all tests; the project's fixture ends it."""
    done = project.up()
    assert done.code == 0, done.err
    return state.needed(project.paths)
