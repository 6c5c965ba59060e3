"""The rehearsal's sync: what MWAA does with the DAG prefix, against a real S3 API."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scripts.aws import Bucket
from scripts.local.sync import Sync
from tests.unit.conftest import Write

FILES = {"dags/a.py": "1", "dags/.airflowignore": "dbt/", "dags/dbt/shop/x.zip": "zip"}


@pytest.fixture
def sync(bucket: Bucket, write: Write, tmp_path: Path) -> Sync:
    """Return the sync of a bucket that holds a few DAG files and one object outside of dags/."""
    folder = write("source", {**FILES, "startup.sh": "no DAG"})
    for key in (*FILES, "startup.sh"):
        put(bucket, key, (folder / key).read_text())
    return Sync(bucket, tmp_path / "copy")


def copy(sync: Sync) -> dict[str, str]:
    """Return every file of the container's DAG folder, hidden ones too."""
    paths = (path for path in sync.folder.rglob("*") if path.is_file())
    return {f"dags/{path.relative_to(sync.folder).as_posix()}": path.read_text() for path in paths}


def put(bucket: Bucket, key: str, text: str) -> None:
    """Put a text into the bucket."""
    bucket.put(key, text.encode(), hashlib.sha256(text.encode()).hexdigest())


def test_prefix_is_copied(sync: Sync) -> None:
    """The folder then holds the prefix and nothing else: no partial file either."""
    assert sync.once() == 3
    assert copy(sync) == FILES


def test_unchanged_is_left_alone(sync: Sync) -> None:
    """A second look touches nothing: not even the files' times."""
    sync.once()
    before = {path: path.stat().st_mtime_ns for path in sync.folder.rglob("*")}
    assert sync.once() == 0
    assert {path: path.stat().st_mtime_ns for path in sync.folder.rglob("*")} == before


def test_changed_is_replaced_whole(sync: Sync) -> None:
    """A changed object replaces the file by a rename: who has it open reads the old one to its end."""
    sync.once()
    with (sync.folder / "a.py").open() as reader:
        put(sync.bucket, "dags/a.py", "2")
        assert sync.once() == 1
        assert reader.read() == "1"
    assert copy(sync) == {**FILES, "dags/a.py": "2"}


def test_new_is_copied(sync: Sync) -> None:
    """An object that is new appears, in folders that are new."""
    sync.once()
    put(sync.bucket, "dags/dbt/other/y.zip", "zip 2")
    assert sync.once() == 1
    assert copy(sync) == {**FILES, "dags/dbt/other/y.zip": "zip 2"}


def test_gone_is_deleted(sync: Sync) -> None:
    """An object that is gone disappears, once."""
    sync.once()
    sync.bucket.delete("dags/a.py")
    assert (sync.once(), sync.once()) == (1, 0)
    assert copy(sync) == {key: text for key, text in FILES.items() if key != "dags/a.py"}
