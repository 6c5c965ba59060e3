"""What release.json is made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.release import check_dag, describe


def files(folder: Path, **texts: str) -> Path:
    """Write files into a folder."""
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_same_files_same_name(tmp_path: Path) -> None:
    """Two folders with the same files are the same release."""
    one, two = (files(tmp_path / name, dags__a="1", startup="2") for name in ("one", "two"))
    assert describe(one).name == describe(two).name


def test_changed_file_changes_name(tmp_path: Path) -> None:
    """One other byte is another release."""
    one, two = files(tmp_path / "one", dags__a="1"), files(tmp_path / "two", dags__a="2")
    assert describe(one).name != describe(two).name


def test_moved_file_changes_name(tmp_path: Path) -> None:
    """The same content under another name is another release."""
    one, two = files(tmp_path / "one", a="1"), files(tmp_path / "two", b="1")
    assert describe(one).name != describe(two).name


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Make as much of a build as names its DAGs."""
    return files(
        tmp_path,
        dags__dbt__current=json.dumps({"release": "r1"}),
        releases__r1__release=json.dumps({"dags": [{"dag": "jaffle_shop"}]}),
    )


def test_known_dag_passes(build: Path) -> None:
    """A DAG of the build is let through."""
    for path in (build / "dags/dbt/current", build / "releases/r1/release"):
        path.rename(path.with_suffix(".json"))
    check_dag(build, "jaffle_shop")
    with pytest.raises(ProjectError, match="Did you mean 'jaffle_shop'"):
        check_dag(build, "jafle_shop")
