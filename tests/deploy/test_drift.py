"""What other hands do to a bucket, and what no release needs any more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mwaa_dbt.settings import Environment, Slack, Snowflake
from scripts.aws import Aws, Bucket
from scripts.deploy.drift import find_drift
from scripts.deploy.history import stored
from scripts.deploy.sweep import find_garbage, sweep
from scripts.target import Target
from tests.deploy.conftest import Built, deploy

Make = Callable[..., Built]
Look = Callable[[], dict[str, list[str]]]
SNOWFLAKE = Snowflake("account", "user", "role", "warehouse", "database", "key_pair")


@pytest.fixture
def target(aws: Aws, bucket: Bucket) -> Target:
    """Return an environment with a bucket and no MWAA."""
    return Target("test", Environment("eu-central-1", bucket.name, SNOWFLAKE, Slack("#x")), aws)


def test_no_drift_after_deploy(target: Target, make: Make) -> None:
    """After one deploy, and after the next, all is as deployed."""
    deploy(target.bucket, make("A"))
    assert find_drift(target).none
    deploy(target.bucket, make("B"))
    assert find_drift(target).none


def test_drift_is_told(target: Target, make: Make) -> None:
    """Changed, missing and extra objects are told apart."""
    deploy(target.bucket, built := make("A", dags=("shop.py", "other.py")))
    bucket, archive = target.bucket, f"dags/dbt/{built.source.record['digest']}.zip"
    bucket.swap("dags/shop.py", b"edited", bucket.objects()["dags/shop.py"].etag)
    bucket.swap("dags/mine.py", b"mine", None)
    bucket.delete("dags/other.py")
    bucket.delete(archive)
    found = find_drift(target)
    assert (found.changed, found.extra) == (["dags/shop.py"], ["dags/mine.py"])
    assert sorted(found.missing) == sorted([archive, "dags/other.py"])
    deploy(bucket, built)
    assert find_drift(target).extra == ["dags/mine.py"]
    assert find_drift(target).changed == find_drift(target).missing == []


def test_sweep_keeps_what_may_be_read(target: Target, make: Make, container: Look) -> None:
    """Old releases go whole; those that the pointer names, and the newest, stay whole and can be gone back to."""
    builds = [make(name) for name in "ABCDEFGH"]
    for built in builds:
        deploy(target.bucket, built)
    found = find_garbage(target, newest=6, days=0)
    assert found.releases == sorted(built.name for built in builds[:2])
    assert set(found.kept) == {built.name for built in builds[2:]}
    sweep(target.bucket, found)
    there = target.bucket.objects()
    for built in builds[2:]:
        assert set(built.source.digests) <= set(there)
    for built in builds[:2]:
        shop = built.source.record["projects"]["shop"]["archive"]
        assert f"dags/dbt/shop/{shop}.zip" not in there
    assert set(stored(target.bucket)) == set(found.kept)
    assert container() == {"shop.py": ["H"] * 3}
    assert find_drift(target).none


def test_sweep_asks_for_time(target: Target, make: Make) -> None:
    """What was live within the given days stays, whatever its number."""
    for name in "ABCDEFGH":
        deploy(target.bucket, make(name))
    assert find_garbage(target, newest=1, days=1).releases == []
    assert len(find_garbage(target, newest=1, days=0).releases) == 3


def test_sweep_twice_is_once(target: Target, make: Make) -> None:
    """A second sweep finds nothing."""
    for name in "ABCDEFG":
        deploy(target.bucket, make(name))
    sweep(target.bucket, find_garbage(target, newest=1, days=0))
    again = find_garbage(target, newest=1, days=0)
    assert (again.releases, again.objects) == ([], {})
