"""SIGKILL after each of a deploy's S3 calls: every parse sees one whole release, and the next deploy ends it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.aws import Aws, Bucket
from scripts.deploy.apply import Source, make_live
from scripts.deploy.history import entries
from scripts.deploy.lock import holder, locked
from scripts.deploy.plan import make_plan
from scripts.deploy.remote import look
from scripts.local.sync import Sync
from scripts.release import read_record
from tests.deploy import proxy
from tests.deploy.conftest import Built, Shape, build, deploy, parse

pytestmark = pytest.mark.slow

OLD = {"shop.py": ["A"] * 3, "old.py": ["A"] * 3}
NEW = {"shop.py": ["B"] * 3, "new.py": ["B"] * 3}
# Imported once in the server, so that each deploy starts in no time.
Processes = multiprocessing.get_context("forkserver")
Processes.set_forkserver_preload(["scripts.deploy.verbs", "boto3"])


def deploy_to(endpoint: str, name: str, folder: str) -> None:
    """Be a deploy in a process of its own."""
    bucket = Aws("eu-central-1", endpoint).bucket(name)
    with locked(bucket) as lock:
        make_live(bucket, Source(read_record(Path(folder)), Path(folder)), lock, "deploy")


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Built]:
    """Make two releases that differ in every way."""
    folder = tmp_path_factory.mktemp("builds")
    first = Shape("A", dags=("shop.py", "old.py"), requirements="a==1\n")
    second = Shape("B", dags=("shop.py", "new.py"), requirements="a==2\n")
    return build(first, folder / "a"), build(second, folder / "b")


@pytest.fixture
def between(aws: Aws) -> Iterator[proxy.Proxy]:
    """Put a proxy before S3."""
    with proxy.running(aws.endpoint or "") as started:
        yield started


def run(endpoint: str, bucket: Bucket, built: Built, kill_after: int, seen: proxy.Proxy) -> int | None:
    """Deploy in a process; kill it once S3 has done its n-th call, before it hears so. Return its exit code."""
    process = Processes.Process(target=deploy_to, args=(endpoint, bucket.name, str(built.folder)))

    def kill(call: proxy.Call) -> None:
        if call.number == kill_after and process.pid:
            os.kill(process.pid, signal.SIGKILL)

    seen.calls.clear()
    seen.after = kill
    process.start()
    process.join(60)
    return process.exitcode


def test_every_kill_point(
    aws: Aws, between: proxy.Proxy, builds: tuple[Built, Built], bucket: Bucket, tmp_path: Path
) -> None:
    """After each kill, and after the repeat of the command, exactly the old or exactly the new release is seen."""
    old, new = builds
    states, number, code = [], 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        number += 1
        name = f"{bucket.name}-kill-{number}"
        aws.make_bucket(name)
        one = aws.bucket(name)
        deploy(one, old)
        code = run(between.url, one, new, number, between) or 0
        seen = _seen(one, tmp_path / str(number))
        assert seen in (OLD, NEW), f"killed after call {number}: {between.calls[-1]}"
        states.append(seen == NEW)
        deploy(one, new)
        assert _seen(one, tmp_path / str(number)) == NEW
        assert make_plan(new.source.record, look(one, new.source.record)).idle
        assert (holder(one), [entry.release for entry in entries(one)]) == (None, [new.name, old.name])
    assert number == len(between.calls) + 1 > 20
    # Old up to the pointer, new from there on; never back.
    assert states == sorted(states)
    assert True in states[:-1]
    assert False in states


def _seen(bucket: Bucket, folder: Path) -> dict[str, list[str]]:
    Sync(bucket, folder / "dags").once()
    return parse(folder / "dags", folder / "home")
