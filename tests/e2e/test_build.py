"""`mwaa build` on good and on bad sources."""

from __future__ import annotations

import json
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest

from mwaa_dbt.settings import load
from scripts import connections
from scripts.paths import PACKAGE
from scripts.release import POINTER, read_record
from scripts.venvs import airflow_venv, dbt_venv
from tests.e2e.conftest import Project, copy_project

pytestmark = pytest.mark.e2e
MODEL = "dbt/jaffle_shop/models/staging/stg_stores.sql"
YAML = "dbt/jaffle_shop/models/marts/core/_core.yml"
DAG = "dags/finance.py"
SOCKET = "import socket; socket.create_connection(('127.0.0.1', 1))"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Copy the project for builds that fail; each test puts back what it broke."""
    return copy_project(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def release(source: Project) -> str:
    """Build once, well."""
    done = source.mwaa("build", "--json")
    assert done.code == 0, done.err
    return str(json.loads(done.out)["release"])


def test_same_sources_same_release(release: str, tmp_path: Path) -> None:
    """Another copy, in another folder, built later, is the same release down to each archive's bytes."""
    done = copy_project(tmp_path).mwaa("build", "--json")
    assert json.loads(done.out)["release"] == release


def test_no_project_yet(tmp_path: Path) -> None:
    """A repository without a dbt project builds, and says what to do next; so begins one that is generated empty."""
    copy = copy_project(tmp_path)
    copy.drop_samples()
    done = copy.mwaa("build", "--json")
    assert done.code == 0, done.err
    assert [dag["dag"] for dag in done.json["dags"]] == ["mwaa_check"]
    assert "dbt/ has no dbt project yet" in done.err


def test_layout_is_that_of_s3(source: Project, release: str) -> None:
    """The build holds what lands on S3, and release.json names each file with its digest."""
    build = source.paths.build("local")
    record = read_record(build)
    files = {path.relative_to(build).as_posix() for path in build.rglob("*") if path.is_file()}
    assert files - {*record["files"], *record["archives"]} == {POINTER, f"releases/{release}/release.json"}
    started = {"requirements.txt", "startup.sh", "plugins.zip"}
    assert started | {"dags/.airflowignore", "dags/finance.py", "dags/jaffle_shop.py"} <= set(record["files"])
    assert [name for name in files if name.startswith("dags/mwaa_dbt/")] == []
    projects = {f"dags/dbt/{name}/{project['archive']}.zip" for name, project in record["projects"].items()}
    assert len(projects) > 1
    archives = {name for name in record["archives"] if name.startswith("dags/")}
    assert archives == {f"dags/dbt/{record['digest']}.zip", *projects}
    startup = (build / "startup.sh").read_text()
    assert f"export MWAA_DBT_CONTAINER={record['container']}\n" in startup
    assert record["versions"]["dbt-core"] in startup


@pytest.mark.slow
def test_real_key_keeps_partial_parse(source: Project, tmp_path: Path) -> None:
    """A task has a key that the build cannot know, and dbt still takes the shipped parse."""
    assert source.mwaa("build", "--env", "prod").code == 0
    build = source.paths.build("prod")
    for folder, pattern in (("project", "jaffle_shop/*.zip"), ("code", "*.zip")):
        (path,) = (build / "dags" / "dbt").glob(pattern)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(tmp_path / folder)
    settings = load(source.paths.settings)
    connection = connections.snowflake(settings.environment("prod"), "the real key")
    started = dbt_venv(source.paths).environment | {
        "PYTHONPATH": str(tmp_path / "code" / "dags"),
        "AIRFLOW_CONN_SNOWFLAKE_DEFAULT": json.dumps(connection),
        "DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY": "the real key",
    }
    airflow = airflow_venv(source.paths, settings.project.airflow_version)
    writer = PACKAGE / "inside" / "profiles.py"
    subprocess.run([airflow.python, writer, tmp_path, "jaffle_shop"], env=started, check=True, capture_output=True)
    flags = ["--profiles-dir", str(tmp_path / "jaffle_shop"), "--profile", "jaffle_shop", "--target", "prod"]
    command = [started["MWAA_DBT_EXECUTABLE"], "parse", *flags]
    done = subprocess.run(command, cwd=tmp_path / "project", env=started, capture_output=True, text=True, check=True)
    assert "Unable to do partial parsing" not in done.stdout


# One that each part of the build finds; the others are of the same kinds.
BAD = {
    "jinja": (MODEL, ("{{ ref('raw_stores') }}", "{{ ref('raw_stores' }}"), ("stg_stores.sql", "line ", "unexpected")),
    "selection": (DAG, ("+tag:finance", "+tag:finanse"), ("names no node", "dags/finance.py", "dbt ls")),
    "socket": (DAG, ("with DAG(", f"{SOCKET}\nwith DAG("), ("while being parsed", DAG)),
}
MORE = {
    "import": (DAG, ("DAG(", "DAGG("), ("NameError", "dags/finance.py, line 9", "mend that line")),
    "yaml key": (YAML, ("description:", "descripton:"), ("'descripton'", "_core.yml, line ", "spelling")),
    "project": (DAG, ('"jaffle_shop"', '"jafle_shop"'), ("no dbt project 'jafle_shop'", "Did you mean", DAG)),
    "syntax": (
        DAG,
        ("    dbt_group(", "dbt_group("),
        ("IndentationError", "dags/finance.py, line 19", "mend that line"),
    ),
    "argument": (DAG, ("tests=", "dag_=1, tests="), ("TypeError", "dags/finance.py, line 19", "mend that line")),
}


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        *(pytest.param(*case, id=name) for name, case in BAD.items()),
        *(pytest.param(*case, id=name, marks=pytest.mark.slow) for name, case in MORE.items()),
    ],
)
def test_bad_source_is_told(
    source: Project, release: str, file: str, change: tuple[str, str], told: tuple[str, ...]
) -> None:
    """The build stops, says what, where and how to mend it, and leaves the last good build in place."""
    path = source.paths.root / file
    good = path.read_text()
    path.write_text(good.replace(*change, 1))
    try:
        done = source.mwaa("build")
    finally:
        path.write_text(good)
    assert done.code == 1
    assert "Traceback" not in done.err
    assert [part for part in told if part not in done.err] == []
    assert (source.paths.build("local") / "releases" / release).is_dir()


def test_taken_port_is_told(source: Project, release: str) -> None:
    """A port that is in use is named before anything starts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = source.mwaa("local", "up", "--port", str(port))
    assert done.code == 1
    assert f"Port {port} cannot be used" in done.err
    assert source.mwaa("local", "status").code == 1
