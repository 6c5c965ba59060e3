"""A release of the sample project and of one with a node of every kind, as the build makes it, and a DAG folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.settings import load, shipped
from scripts.archive import pack
from scripts.bundle import bundle
from scripts.dbt import Dbt
from scripts.hooks import wrap_hooks
from scripts.paths import Paths
from scripts.projects import find_projects, stage
from scripts.venvs import dbt_venv
from tests.airflow_version import airflow

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
DAGS = HERE / "dags"
CONNECTION = {
    **{"conn_type": "snowflake", "login": "u", "password": "p", "schema": "s"},
    "extra": {"account": "rehearsal", "database": "d", "warehouse": "w", "role": "r"},
}
# What Cosmos needs to name assets, and that it does so on Airflow 2 as on 3.
COSMOS = {
    "AIRFLOW_CONN_SNOWFLAKE_DEFAULT": json.dumps(CONNECTION),
    "AIRFLOW__COSMOS__USE_DATASET_AIRFLOW3_URI_STANDARD": "True",
}
OUTPUT = {"type": "snowflake", "account": "a", "user": "u", "password": "p", "database": "d", "schema": "s"}


@dataclass(frozen=True)
class Release:
    """A built release: its DAG folder of stubs, and where it is unpacked."""

    folder: Path
    digest: str

    @property
    def dags(self) -> Path:
        """The folder with the stubs."""
        return self.folder / "out" / "dags"

    @property
    def home(self) -> Path:
        """Where releases are unpacked."""
        return self.folder / "home"

    @property
    def code(self) -> Path:
        """The DAG folder of the unpacked release."""
        return self.home / "releases" / self.digest / "dags"

    def unpack(self) -> None:
        """Unpack it as a container does."""
        for archive in (self.dags / "dbt").rglob("*.zip"):
            kind = "releases" if archive.stem == self.digest else "projects"
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(self.home / kind / archive.stem)


@dataclass(frozen=True)
class Python:
    """Airflow's Python over a release."""

    release: Release
    executable: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a container of MWAA's would tell it, and no way to anything."""
        home = self.release.folder / "airflow"
        return {
            "PATH": os.defpath,
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.release.dags),
            "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
            "MWAA_DBT_HOME": str(self.release.home),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(self.release.folder),
        }


class Answering:
    """A script that answers one line of JSON with another."""

    def __init__(self, python: Python, script: str, **variables: str) -> None:
        self.log = python.release.folder / f"{script}.log"
        environment = {**python.environment, "PYTHONPATH": str(python.release.code), **variables}
        # Not by the standard output, where Airflow's log goes.
        reader, writer = os.pipe()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python.executable, HERE / script, str(writer)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[writer],
                text=True,
            )
        os.close(writer)
        self.answers = os.fdopen(reader)

    def __enter__(self) -> Answering:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.answers.close()

    def ask(self, question: Mapping[str, Any]) -> Any:
        """Ask one question."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.answers.readline()
        assert answer, self.log.read_text()[-5000:]
        return json.loads(answer)


def make_release(folder: Path, archives: Mapping[str, Path], dags: Path, **tasks: Any) -> Release:
    """Bundle packed projects and a folder of DAG files; `tasks` are settings of [environments.local.tasks]."""
    code, out = folder / "code" / "dags", folder / "out"
    shutil.copytree(ROOT / "dags" / "mwaa_dbt", code / "mwaa_dbt", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(dags, code, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    environment = load(ROOT / "settings.toml").environment("local")
    environment = environment._replace(tasks=environment.tasks._replace(**tasks))
    (code / "mwaa_dbt" / "settings.json").write_text(shipped("local", environment))
    out.mkdir()
    (out / "requirements.txt").touch()
    (out / "startup.sh").write_text("export MWAA_DBT_CONTAINER=\n")
    for name, archive in archives.items():
        (out / "dags" / "dbt" / name).mkdir(parents=True)
        shutil.copy(archive, out / "dags" / "dbt" / name)
    digest = bundle(code.parent, out, {name: path.stem for name, path in archives.items()}, "local")
    release = Release(folder, digest)
    release.unpack()
    return release


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stage, parse and pack the dbt projects once."""
    folder = tmp_path_factory.mktemp("projects")
    shutil.copytree(HERE / "dbt", folder / "dbt")
    shutil.copytree(ROOT / "dbt" / "jaffle_shop", folder / "dbt" / "jaffle_shop")
    environment = dbt_venv(Paths(ROOT)).environment
    names = ("jaffle_shop", "zoo", "den")
    (folder / "profiles.yml").write_text(
        json.dumps({name: {"target": "local", "outputs": {"local": OUTPUT}} for name in names})
    )
    dbt = Dbt(environment["MWAA_DBT_EXECUTABLE"], environment, folder, "local")
    found = {}
    for project in stage(find_projects(folder / "dbt"), folder / "stage"):
        dbt.deps(project)
        wrap_hooks(project)
        dbt.parse(project)
        found[project.name] = pack(project, folder / "packed")
    return found


@pytest.fixture(scope="session")
def executable() -> Path:
    """Return Airflow's Python, as MWAA has it."""
    return airflow().python


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory, archives: dict[str, Path], executable: Path) -> Python:
    """Return Airflow's Python over a release of all DAG files beside the tests."""
    return Python(make_release(tmp_path_factory.mktemp("release"), archives, DAGS), executable)


@pytest.fixture(scope="session")
def comparer(python: Python) -> Iterator[Answering]:
    """Start the process that renders groups in whole and in slices."""
    with Answering(python, "comparer.py", **COSMOS) as answering:
        yield answering
