"""Uploads to a real S3 API: in an order no parse can trip over, and nothing sent twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.aws import Aws
from scripts.deploy import POINTER, upload
from tests.unit.conftest import Write

OLD, NEW = "dags/dbt/shop/old.zip", "dags/dbt/shop/new.zip"
FIRST = {
    OLD: "zip",
    POINTER: "old",
    "dags/.airflowignore": "dbt/",
    "dags/shop.py": "1",
    "dags/gone.py": "1",
    "dags/mwaa_dbt/group.py": "1",
    "plugins.zip": "plugins 1",
    "releases/aaa/release.json": "{}",
    "requirements.txt": "pins",
    "startup.sh": "script",
}
SECOND = {**FIRST, NEW: "zip 2", POINTER: "new", "dags/shop.py": "2"}
SECOND = {key: text for key, text in SECOND.items() if key not in (OLD, "dags/gone.py")}


def content(aws: Aws, bucket: str) -> dict[str, str]:
    """Return what the bucket holds."""
    return {key: aws.get(bucket, key).decode() for key in aws.objects(bucket)}


def test_everything_is_uploaded(aws: Aws, bucket: str, write: Write) -> None:
    """The bucket then holds the build, hidden files too, under the same names."""
    upload(aws, bucket, write("build", FIRST))
    assert content(aws, bucket) == FIRST


def test_archives_first_pointer_last(aws: Aws, bucket: str, write: Write) -> None:
    """An archive is there before the code, and both before the pointer that names them."""
    sent = upload(aws, bucket, write("build", FIRST))
    assert sent[-1] == POINTER
    assert sent.index(OLD) < sent.index("dags/.airflowignore")
    assert sorted(sent) == sorted(FIRST)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_failed_upload_keeps_the_pointer(aws: Aws, bucket: str, write: Write) -> None:
    """An upload that dies half way leaves the old release live, with the new archive beside it."""
    upload(aws, bucket, write("one", FIRST))
    second = write("two", SECOND)
    # A file that is there but cannot be read, by root neither; in order it comes after all other code.
    (second / "z").symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"):
        upload(aws, bucket, second)
    found = content(aws, bucket)
    assert (found[POINTER], found[NEW], found[OLD]) == ("old", "zip 2", "zip")


def test_archives_are_sent_once(aws: Aws, bucket: str, write: Write) -> None:
    """An archive is named by its content, so one that is there is not sent again."""
    folder = write("build", FIRST)
    upload(aws, bucket, folder)
    assert OLD not in upload(aws, bucket, folder)


def test_second_release_replaces_first(aws: Aws, bucket: str, write: Write) -> None:
    """Changed files are replaced, a removed DAG file goes, the old archive stays for tasks that still run."""
    upload(aws, bucket, write("one", FIRST))
    upload(aws, bucket, write("two", SECOND))
    assert content(aws, bucket) == {**SECOND, OLD: "zip"}


def test_changed_plugins_are_sent(aws: Aws, bucket: str, write: Write) -> None:
    """plugins.zip keeps its name when its content changes, so it is sent again."""
    upload(aws, bucket, write("build", FIRST))
    upload(aws, bucket, write("build", {"plugins.zip": "plugins 2"}))
    assert content(aws, bucket)["plugins.zip"] == "plugins 2"


def test_foreign_objects_stay(aws: Aws, bucket: str, write: Write, tmp_path: Path) -> None:
    """What others keep in the bucket outside dags/ is not touched."""
    (tmp_path / "theirs").write_text("theirs")
    aws.put(bucket, "archive/shop/run/run_results.json", tmp_path / "theirs")
    upload(aws, bucket, write("build", FIRST))
    assert content(aws, bucket) == {**FIRST, "archive/shop/run/run_results.json": "theirs"}
