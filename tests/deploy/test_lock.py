"""One deploy at a time: who waits, who is told, and when an owner counts as dead."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.aws import Aws, Bucket
from scripts.deploy import lock as module
from scripts.deploy.history import entries, live
from scripts.deploy.lock import KEY, STALE, holder, locked, unlock
from tests.deploy.conftest import Built, deploy
from tests.deploy.test_kill import deploy_to

Make = Callable[..., Built]
Processes = multiprocessing.get_context("forkserver")


def hold(endpoint: str, name: str) -> None:
    """Hold the lock until killed."""
    with locked(Aws("eu-central-1", endpoint).bucket(name)):
        time.sleep(60)


@pytest.fixture
def held(aws: Aws, bucket: Bucket) -> multiprocessing.process.BaseProcess:
    """Return a process that holds the bucket's lock."""
    process = Processes.Process(target=hold, args=(aws.endpoint, bucket.name), daemon=True)
    process.start()
    while holder(bucket) is None:
        time.sleep(0.02)
    return process


def test_live_lock_is_refused(bucket: Bucket, held: multiprocessing.process.BaseProcess) -> None:
    """A second deploy is told who deploys, and what to do."""
    with pytest.raises(ProjectError, match="Another deploy is under way") as told, locked(bucket):
        pass
    assert module.owner() in told.value.what
    assert "mwaa unlock" in told.value.fix
    held.kill()


def test_dead_owner_is_taken_over(bucket: Bucket, held: multiprocessing.process.BaseProcess) -> None:
    """A process of this machine that is gone holds nothing, however short ago it was killed."""
    held.kill()
    held.join()
    with locked(bucket) as lock:
        lock.check()
    assert holder(bucket) is None


def test_silent_owner_is_dead(bucket: Bucket) -> None:
    """An owner on another machine counts as alive until it has been silent for long, by S3's clock."""
    note = {"owner": "ann@laptop", "host": "laptop 1", "pid": 1, "started": 1.0, "token": "t", "held": 7}
    bucket.swap(KEY, json.dumps(note).encode(), None)
    found = holder(bucket)
    assert found is not None
    assert (found.stale, found.owner) == (False, "ann@laptop")
    assert found.age < STALE
    assert found.age >= 7


def test_waiting_deploy_follows(aws: Aws, bucket: Bucket, make: Make) -> None:
    """A deploy that waits begins when the other has ended, and none is lost."""
    first, second = make("A"), make("B")
    with locked(bucket):
        other = Processes.Process(target=waiting, args=(aws.endpoint, bucket.name, str(second.folder)))
        other.start()
        time.sleep(1.5)
        assert bucket.objects("dags/") == {}
    other.join(60)
    assert other.exitcode == 0
    deploy(bucket, first)
    assert (live(bucket), [entry.release for entry in entries(bucket)]) == (first.name, [first.name, second.name])


def waiting(endpoint: str, name: str, folder: str) -> None:
    """Wait for the lock, then deploy."""
    with locked(Aws("eu-central-1", endpoint).bucket(name), wait=30):
        pass
    deploy_to(endpoint, name, folder)


def test_two_deploys_at_once(aws: Aws, bucket: Bucket, make: Make) -> None:
    """Of two that start together one is live after the other, or one is refused; the log has each that ended."""
    builds = [make("A"), make("B")]
    started = [
        Processes.Process(target=deploy_to, args=(aws.endpoint, bucket.name, str(built.folder))) for built in builds
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    won = [built.name for built, process in zip(builds, started, strict=True) if process.exitcode == 0]
    assert won
    assert sorted(entry.release for entry in entries(bucket)) == sorted(won)
    assert (live(bucket), holder(bucket)) == (entries(bucket)[0].release, None)


def test_lost_lock_stops_before_the_switch(bucket: Bucket, make: Make) -> None:
    """A deploy that slept through its lock's loss (a suspended laptop) does not set the pointer."""
    deploy(bucket, make("A"))
    before = live(bucket)
    with locked(bucket) as lock:
        other = json.dumps({"owner": "bob@ci", "host": "ci", "pid": 1, "started": 1.0, "token": "other", "held": 0})
        bucket.swap(KEY, other.encode(), lock.etag)
        from scripts.deploy.apply import make_live

        with pytest.raises(ProjectError, match="taken over by bob@ci"):
            make_live(bucket, make("B").source, lock, "deploy")
    assert live(bucket) == before
    found = holder(bucket)
    assert found is not None
    assert found.owner == "bob@ci"


def test_unlock_tells_live_from_dead(bucket: Bucket, held: multiprocessing.process.BaseProcess) -> None:
    """A live owner's lock needs force; a dead one's goes; without a lock there is nothing to do."""
    with pytest.raises(ProjectError, match="is alive"):
        unlock(bucket, force=False)
    os.kill(held.pid or 0, signal.SIGKILL)
    held.join()
    removed = unlock(bucket, force=False)
    assert removed is not None
    assert removed.stale
    assert (holder(bucket), unlock(bucket, force=False)) == (None, None)


def test_force_removes_live_lock(bucket: Bucket, held: multiprocessing.process.BaseProcess) -> None:
    """With force a live owner's lock goes, too."""
    unlock(bucket, force=True)
    assert holder(bucket) is None
    held.kill()
