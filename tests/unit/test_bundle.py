"""The end of a build: one archive, stubs, loose data files, and a record of them all."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.bundle import KEPT_FILES, bundle, container_digest, keep, stamp_container, write_record
from scripts.release import STARTED_WITH, read_record
from tests.unit.conftest import Write

ROOT = Path(__file__).parents[2]
CODE = {
    "dags/.airflowignore": "mwaa_dbt/\n",
    "dags/shop.py": "A = 1\n",
    "dags/team/parts.py": "B = 1\n",
    "dags/team/query.sql": "select 1\n",
    "dags/lookup.zip": "no archive of ours",
    "dags/mwaa_dbt/__init__.py": "",
    "dags/mwaa_dbt/reader.py": "READ = 1\n",
    "dags/mwaa_dbt/settings.json": "{}\n",
}
STARTED = {
    "requirements.txt": "apache-airflow==3.3.1\n",
    "plugins.zip": "zipped",
    "startup.sh": "export MWAA_DBT_CONTAINER=''\n",
}
PROJECT = {"shop": "5" * 64}


def made(
    folder: Path, code: dict[str, str], projects: dict[str, str] = PROJECT, started: dict[str, str] = STARTED
) -> tuple[Path, str]:
    """Bundle code and projects; return the build's folder and the release's digest."""
    for part, texts in (("code", code), ("out", started)):
        for name, text in texts.items():
            path = folder / part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name, digest in projects.items():
        (folder / "out/dags/dbt" / name).mkdir(parents=True)
        (folder / "out/dags/dbt" / name / f"{digest}.zip").write_text("packed")
    stamp_container(folder / "out")
    return folder / "out", bundle(folder / "code", folder / "out", projects, "dev")


def stamped(folder: Path) -> str:
    """Stamp what a container is started with; return the digest."""
    stamp_container(folder)
    return container_digest(folder)


def test_archive_holds_all_code(tmp_path: Path) -> None:
    """The release's archive has every file of dags/, and says to what it belongs."""
    out, digest = made(tmp_path, CODE)
    path = out / "dags" / "dbt" / f"{digest}.zip"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    assert json.loads(members.pop("release.json")) == {
        "container": container_digest(out),
        "environment": "dev",
        "projects": PROJECT,
        "requirements": {"apache-airflow": "3.3.1"},
    }
    assert members == CODE


def test_only_stubs_and_data_lie_loose(tmp_path: Path) -> None:
    """Beside the archives there are stubs of DAG files, what is no Python, and the pointer."""
    out, digest = made(tmp_path, CODE)
    loose = {path.relative_to(out / "dags").as_posix() for path in (out / "dags").rglob("*") if path.is_file()}
    data = {".airflowignore", "team/query.sql", "lookup.zip"}
    ours = {f"dbt/{digest}.zip", f"dbt/shop/{PROJECT['shop']}.zip", "dbt/current.json"}
    assert loose == {"shop.py"} | data | ours
    assert {name: (out / "dags" / name).read_text() for name in data} == {name: CODE[f"dags/{name}"] for name in data}
    assert "open_dag_file(__file__, 'shop.py', globals())" in (out / "dags/shop.py").read_text()
    assert json.loads((out / "dags/dbt/current.json").read_text()) == {"releases": [digest]}


def test_same_sources_same_digest(tmp_path: Path) -> None:
    """Two builds of the same sources are the same release."""
    assert made(tmp_path / "one", CODE)[1] == made(tmp_path / "two", CODE)[1]


@pytest.mark.parametrize(
    ("code", "projects"),
    [
        ({"dags/shop.py": "A = 2\n"}, PROJECT),
        ({"dags/team/parts.py": "B = 2\n"}, PROJECT),
        ({"dags/team/query.sql": "select 2\n"}, PROJECT),
        ({"dags/mwaa_dbt/settings.json": "{ }\n"}, PROJECT),
        ({"dags/new.py": "A = 1\n"}, PROJECT),
        ({}, {"shop": "6" * 64}),
        ({}, {"crm": PROJECT["shop"]}),
        ({}, {}),
    ],
    ids=["DAG", "helper", "template", "settings", "new DAG", "changed project", "renamed project", "no project"],
)
def test_change_is_another_release(code: dict[str, str], projects: dict[str, str], tmp_path: Path) -> None:
    """Whatever a DAG could see makes another digest."""
    assert made(tmp_path / "one", CODE)[1] != made(tmp_path / "two", {**CODE, **code}, projects)[1]


@pytest.mark.parametrize("name", STARTED_WITH)
def test_change_is_another_container(name: str, write: Write) -> None:
    """A byte in any file that containers are started with is another container, and the same bytes are the same."""
    digest = stamped(write("one", STARTED))
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert stamped(write("two", STARTED)) == digest
    assert stamped(write("three", {**STARTED, name: STARTED[name] + "# other\n"})) != digest


def test_container_is_part_of_the_release(tmp_path: Path) -> None:
    """The same code for other packages is another release."""
    other = {**STARTED, "requirements.txt": "apache-airflow==3.2.1\n"}
    assert made(tmp_path / "one", CODE)[1] != made(tmp_path / "two", CODE, started=other)[1]


def test_real_script_says_its_container(write: Write) -> None:
    """The shipped startup.sh, run by bash, exports the digest; unstamped it exports nothing."""
    script = (ROOT / "startup.sh").read_text()
    folder = write("out", {**STARTED, "startup.sh": script})
    assert container_digest(folder) == ""
    digest = stamped(folder)
    line = next(line for line in (folder / "startup.sh").read_text().splitlines() if "MWAA_DBT_CONTAINER=" in line)
    command = f'{line}\nprintf %s "$MWAA_DBT_CONTAINER"'
    assert subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout == digest
    subprocess.run(["bash", "-n", folder / "startup.sh"], check=True)


@pytest.mark.parametrize("script", ["", STARTED["startup.sh"] * 2, "MWAA_DBT_CONTAINER=''\n"])
def test_stamp_needs_one_place(script: str, write: Write) -> None:
    """A script without the line, or with two, is refused."""
    with pytest.raises(ProjectError, match="has no place for the container's digest"):
        stamp_container(write("out", {**STARTED, "startup.sh": script}))


def record(out: Path, digest: str) -> dict[str, Any]:
    """Write the record of a build and read it back."""
    write_record(
        out, digest, {"shop": {"archive": PROJECT["shop"]}}, {"environment": "dev", "dags": [], "sources": "s"}
    )
    return read_record(out)


def test_record_names_every_file(tmp_path: Path) -> None:
    """Every file of the build but pointer and record is in `files` or `archives`, with its digest and size."""
    out, digest = made(tmp_path, CODE)
    kept = keep(out, b"manifest")
    found = record(out, digest)
    listed = {**found["files"], **found["archives"]}
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert there - set(listed) == {"dags/dbt/current.json", f"releases/{digest[:12]}/release.json"}
    assert found["files"].keys() & found["archives"].keys() == set()
    assert listed[f"{KEPT_FILES}/{kept}"] == {"sha256": kept, "size": 8}
    for name, file in listed.items():
        assert file["sha256"] == hashlib.sha256((out / name).read_bytes()).hexdigest()


def test_archives_are_named_by_content(tmp_path: Path) -> None:
    """`archives` never change under their name; a data file that happens to be a zip may, and is one of `files`."""
    out, digest = made(tmp_path, CODE)
    kept = keep(out, b"manifest")
    found = record(out, digest)
    names = [f"dags/dbt/{digest}.zip", f"dags/dbt/shop/{PROJECT['shop']}.zip", f"{KEPT_FILES}/{kept}"]
    assert sorted(found["archives"]) == sorted(names)
    assert {"requirements.txt", "plugins.zip", "startup.sh", "dags/shop.py", "dags/lookup.zip"} <= set(found["files"])
    assert (found["release"], found["digest"], found["container"]) == (digest[:12], digest, container_digest(out))


def test_same_content_is_kept_once(tmp_path: Path) -> None:
    """What releases have in common is one file."""
    assert keep(tmp_path, b"same") == keep(tmp_path, b"same")
    assert len(list((tmp_path / KEPT_FILES).iterdir())) == 1
