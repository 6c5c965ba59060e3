"""What a release is made of: files described, DAG files replaced by stubs, the record read back."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.release import READER, RECORDED, File, check_dag, dag_files, describe, files, provenance, read_record, stub
from tests.unit.conftest import Write

ROOT = Path(__file__).parents[2]
DIGEST = "0123456789ab" + "f" * 52
BUILD = {
    "dags/dbt/current.json": json.dumps({"releases": [DIGEST]}),
    "releases/0123456789ab/release.json": json.dumps(dict.fromkeys(RECORDED) | {"dags": [{"dag": "jaffle_shop"}]}),
}


def test_file_is_described(write: Write) -> None:
    """A file is its SHA-256 and its size, whatever its name; a folder is its files by path."""
    folder = write("folder", {"a": "1", "b/c": "1"})
    one = File(hashlib.sha256(b"1").hexdigest(), 1)
    assert describe(folder / "a") == one
    assert files(folder) == {"a": one, "b/c": one}


SOURCES = {
    "shop.py": ("", True),
    "helper.py": ("A = 1", True),
    "team/orders.py": ("from AIRFLOW.sdk import DAG", True),
    "team/made.py": ("from airflow.sdk import asset", True),
    "team/parts.py": ("DAG = 1", False),
    "team/hook.py": ("import airflow", False),
    "mwaa_dbt/group.py": ("from airflow.sdk import DAG", False),
    "query.sql": ("-- airflow dag", False),
}


def test_stubs_are_where_airflow_looks(write: Write) -> None:
    """What Airflow would take for a DAG file gets a stub; helper modules and the package travel in the archive."""
    dags = write("dags", {name: text for name, (text, _) in SOURCES.items()})
    assert set(dag_files(dags)) == {name for name, (_, stubbed) in SOURCES.items() if stubbed}


def test_stub_shows_source_and_runs_reader(write: Write) -> None:
    """A stub has the source as comments, then the reader to the letter, then one call."""
    reader = (ROOT / "dags" / READER).read_text()
    text = stub(write("dags", {"shop.py": '"""About."""\n\nA = 1\n', READER: reader}), "shop.py")
    comments, call = text.split(reader)
    assert [line.removeprefix("# | ") for line in comments.splitlines()[2:5]] == ['"""About."""', "# |", "A = 1"]
    assert all(line.startswith("#") or not line for line in comments.splitlines())
    assert call == "\n\nopen_dag_file(__file__, 'shop.py', globals())\n"


@pytest.mark.parametrize("name", ["shop.py", "team/orders.py", "it's.py"])
def test_stub_looks_like_a_dag(name: str, write: Write) -> None:
    """Airflow, which takes a file only if it says airflow and dag, takes the stub of any; Python can compile it."""
    dags = write("dags", {name: "A = 1\f\x1cB = 2\u2028C = 3\rD = 4\n", READER: "READ = 1\n"})
    text = stub(dags, name)
    assert "airflow" in text.lower()
    assert "dag" in text.lower()
    reader, call = ast.parse(text).body
    assert ast.unparse(reader) == "READ = 1"
    assert ast.unparse(call) == f"open_dag_file(__file__, {name!r}, globals())"


def test_known_dag_passes(write: Write) -> None:
    """A DAG of the build is let through; any other is told with the close name."""
    build = write("local", BUILD)
    check_dag(build, "jaffle_shop")
    with pytest.raises(ProjectError, match="Did you mean 'jaffle_shop'"):
        check_dag(build, "jafle_shop")


@pytest.mark.parametrize(
    "changes",
    [
        {"dags/dbt/current.json": "{"},
        {"dags/dbt/current.json": json.dumps({"release": "of an older tool"})},
        {"dags/dbt/current.json": json.dumps({"releases": []})},
        {"dags/dbt/current.json": json.dumps({"releases": [DIGEST, DIGEST]})},
        {"dags/dbt/current.json": json.dumps({"releases": ["another"]})},
        {"dags/dbt/current.json": "[]"},
        {"releases/0123456789ab/release.json": ""},
    ],
    ids=["cut off", "older tool", "none", "two", "another", "list", "no record"],
)
def test_half_a_build_is_told(changes: dict[str, Any], write: Write) -> None:
    """Whatever is wrong with a build, the error names it and the command that makes it anew."""
    with pytest.raises(ProjectError, match="There is no whole build") as caught:
        read_record(write("local", {**BUILD, **changes}))
    assert caught.value.fix == "run `mwaa build --env local`"


def test_other_tools_build_is_told(write: Write) -> None:
    """A record in which another version of this program wrote less is told by what it lacks."""
    record = {name: None for name in RECORDED if name != "sources"}
    build = write("local", {**BUILD, "releases/0123456789ab/release.json": json.dumps(record)})
    with pytest.raises(ProjectError, match=r"another version of this program: its record lacks sources\."):
        read_record(build)


def test_missing_build_is_told(tmp_path: Path) -> None:
    """So it does where nothing was built."""
    with pytest.raises(ProjectError, match="There is no whole build"):
        read_record(tmp_path / "local")


def test_versions_are_the_pinned_ones(write: Write) -> None:
    """A record says of which pins it was made, and nothing of git where there is none."""
    pins = {"requirements.txt": "apache-airflow==3.3.1\nother==1\n", "dbt/requirements.txt": "dbt-core==1.11.9 \\\n"}
    found = provenance(write("project", pins))
    assert found["versions"] == {"apache-airflow": "3.3.1", "dbt-core": "1.11.9"}
