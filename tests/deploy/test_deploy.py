"""A deploy, the next, and the way back, against a real S3 API."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket
from scripts.deploy.apply import Source, make_live
from scripts.deploy.history import before, entries, live
from scripts.deploy.lock import locked
from scripts.deploy.plan import Plan, make_plan
from scripts.deploy.remote import look, read_pointer, read_record
from tests.deploy.conftest import Built, deploy

Make = Callable[..., Built]
Look = Callable[[], dict[str, list[str]]]


def plan(bucket: Bucket, built: Built) -> Plan:
    """Return what a deploy would do."""
    return make_plan(built.source.record, look(bucket, built.source.record))


def rollback(bucket: Bucket, release: str) -> None:
    """Make a stored release live."""
    with locked(bucket) as lock:
        make_live(bucket, Source(read_record(bucket, release)), lock, "rollback")


def test_first_deploy_is_parsed(bucket: Bucket, make: Make, container: Look) -> None:
    """A container that synced the bucket runs the release."""
    deploy(bucket, make("A"))
    assert container() == {"shop.py": ["A", "A", "A"]}


def test_second_deploy_replaces_first(bucket: Bucket, make: Make, container: Look) -> None:
    """New files appear, removed ones go, and the container runs the new release."""
    deploy(bucket, make("A", dags=("shop.py", "old.py")))
    assert set(container()) == {"shop.py", "old.py"}
    deploy(bucket, make("B", dags=("shop.py", "new.py")))
    assert container() == {"shop.py": ["B"] * 3, "new.py": ["B"] * 3}
    assert "dags/old.py" not in bucket.objects("dags/")


def test_unchanged_is_not_sent(bucket: Bucket, make: Make) -> None:
    """The plan of what is live already does nothing."""
    built = make("A")
    assert not plan(bucket, built).idle
    deploy(bucket, built)
    again = plan(bucket, built)
    assert (again.idle, again.send, again.create, again.replace) == (True, {}, [], [])


def test_only_changed_project_is_sent(bucket: Bucket, make: Make) -> None:
    """An archive that is there is kept; only what changed is sent."""
    deploy(bucket, make("A"))
    second = make("B")
    keys = set(plan(bucket, second).send)
    other = second.source.record["projects"]["other"]["archive"]
    assert f"dags/dbt/other/{other}.zip" not in keys
    assert f"dags/dbt/shop/{second.source.record['projects']['shop']['archive']}.zip" in keys


def test_rollback_restores(bucket: Bucket, make: Make, container: Look) -> None:
    """A stored release comes back whole: DAG files, project, requirements."""
    first = make("A", dags=("shop.py", "old.py"), requirements="a==1\n")
    deploy(bucket, first)
    deploy(bucket, make("B", dags=("shop.py", "new.py"), requirements="a==2\n"))
    rollback(bucket, before(bucket))
    assert live(bucket) == first.name
    assert container() == {"shop.py": ["A"] * 3, "old.py": ["A"] * 3}
    assert bucket.get("requirements.txt") == b"a==1\n"
    assert [entry.action for entry in entries(bucket)] == ["rollback", "deploy", "deploy"]


def test_rollback_without_object_is_refused(bucket: Bucket, make: Make) -> None:
    """A stored release that has lost an archive is not begun; the error names the revision to build."""
    first = make("A")
    deploy(bucket, first)
    second = make("B")
    deploy(bucket, second)
    bucket.delete(f"dags/dbt/shop/{first.source.record['projects']['shop']['archive']}.zip")
    with pytest.raises(ProjectError, match="is not whole any more") as told:
        rollback(bucket, first.name)
    assert "abc" in told.value.fix
    assert live(bucket) == second.name


def test_unknown_release_is_told(bucket: Bucket, make: Make) -> None:
    """A release that does not exist is an error with the closest name."""
    built = make("A")
    deploy(bucket, built)
    with pytest.raises(ProjectError, match=f"Did you mean '{built.name}'"):
        read_record(bucket, built.name[:-1] + "x")


def test_damaged_archive_is_mended(bucket: Bucket, make: Make, container: Look) -> None:
    """An archive that was overwritten by hand, with the same size, is found by S3's checksum and sent again."""
    deploy(bucket, make("A"))
    second = make("B")
    digest = second.source.record["projects"]["shop"]["archive"]
    size = (second.folder / f"dags/dbt/shop/{digest}.zip").stat().st_size
    bucket.swap(f"dags/dbt/shop/{digest}.zip", b"x" * size, None)
    deploy(bucket, second)
    assert container() == {"shop.py": ["B"] * 3}


def test_foreign_objects_stay(bucket: Bucket, make: Make) -> None:
    """What others keep in the bucket, in the DAG folder too, is not touched."""
    for key in ("dags/legacy.py", "archive/run.json"):
        bucket.swap(key, b"theirs", None)
    deploy(bucket, make("A"))
    deploy(bucket, make("B"))
    assert bucket.get("dags/legacy.py") == bucket.get("archive/run.json") == b"theirs"


def test_hand_edit_is_replaced(bucket: Bucket, make: Make) -> None:
    """A DAG file that was edited in the bucket is what the release says after the next deploy."""
    built = make("A")
    deploy(bucket, built)
    bucket.swap("dags/shop.py", b"edited", bucket.objects()["dags/shop.py"].etag)
    assert plan(bucket, built).replace == ["dags/shop.py"]
    deploy(bucket, built)
    assert bucket.get("dags/shop.py") == (built.folder / "dags/shop.py").read_bytes()


def test_pointer_names_releases_before(bucket: Bucket, make: Make) -> None:
    """The pointer keeps the last few, newest first, where a reader may fall back to."""
    builds = [make(name) for name in "ABCDEFG"]
    for built in builds:
        deploy(bucket, built)
    pointer, _ = read_pointer(bucket)
    assert [digest[:12] for digest in pointer] == [built.name for built in reversed(builds)][:5]


def test_damaged_pointer_is_told(bucket: Bucket, make: Make) -> None:
    """A pointer that was cut off by hand stops a deploy with the way out."""
    built = make("A")
    deploy(bucket, built)
    bucket.swap("dags/dbt/current.json", b'{"rel', bucket.objects()["dags/dbt/current.json"].etag)
    with pytest.raises(ProjectError, match="pointer cannot be read"):
        plan(bucket, built)


def test_record_is_json(bucket: Bucket, make: Make) -> None:
    """The record in the bucket says of each file its digest."""
    built = make("A")
    deploy(bucket, built)
    record = json.loads(bucket.get(f"releases/{built.name}/release.json"))
    assert set(record["files"]) >= {"requirements.txt", "startup.sh", "plugins.zip", "dags/shop.py"}


def test_unreadable_build_leaves_old_release(bucket: Bucket, make: Make, container: Look, tmp_path: Path) -> None:
    """A deploy that cannot read its own build half way leaves the old release live."""
    deploy(bucket, make("A"))
    second = make("B")
    digest = second.source.record["projects"]["shop"]["archive"]
    (second.folder / f"dags/dbt/shop/{digest}.zip").unlink()
    with pytest.raises(FileNotFoundError):
        deploy(bucket, second)
    assert container() == {"shop.py": ["A"] * 3}
