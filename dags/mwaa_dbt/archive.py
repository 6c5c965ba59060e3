"""What dbt left of each invocation, kept in S3: it outlives the container, the environment and the model.

The one door of DAG code to boto3. A task waits a bounded time for S3, and never fails for it.
"""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from threading import Thread
from typing import Any

from mwaa_dbt.events import as_text
from mwaa_dbt.results import Invocation
from mwaa_dbt.settings import runtime

log = logging.getLogger(__name__)

# Apart, so that the bucket's rules can forget what dbt left long before the index of it (infra/bucket.yaml).
RUNS, INDEX = "archive/runs", "archive/index"
SUMMARY = "results.json"
RAW = "run_results.json"
WORKERS = 16  # calls at once
TRIES = 8  # of a write that others contend for
CONFLICT = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
GONE = ("NoSuchKey", "404")


@dataclass(frozen=True)
class Store:
    """The bucket that keeps releases and archive."""

    bucket: str
    region: str

    @cached_property
    def s3(self) -> Any:
        """A client that gives up within seconds rather than minutes."""
        import boto3
        from botocore.config import Config

        # It tells at each client where it found credentials and endpoint, in every task's log.
        logging.getLogger("botocore").setLevel(logging.WARNING)
        retries = {"mode": "standard", "total_max_attempts": 3}
        config = Config(connect_timeout=3, read_timeout=20, retries=retries, max_pool_connections=WORKERS)
        return boto3.session.Session().client("s3", region_name=self.region, config=config)

    def put(self, key: str, content: bytes, **condition: str) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, **condition)

    def get(self, key: str) -> tuple[bytes, str | None]:
        """Return an object's content and ETag; nothing and None if it is not there."""
        from botocore.exceptions import ClientError

        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return b"", None
            raise
        return found["Body"].read(), found["ETag"]

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def change(self, key: str, edit: Callable[[bytes], bytes]) -> None:
        """Replace an object by an edit of it, whoever else writes it at the same time (S3's conditional write)."""
        for _ in range(TRIES):
            content, etag = self.get(key)
            if self._swap(key, edit(content), {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}):
                return
        raise TimeoutError(f"others kept writing {key}")

    def _swap(self, key: str, content: bytes, condition: dict[str, str]) -> bool:
        from botocore.exceptions import ClientError

        try:
            self.put(key, content, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] in (*CONFLICT, *GONE):
                return False
            raise
        return True


@cache
def store() -> Store:
    """Return the store of the environment that this DAG folder was built for; one client per process."""
    environment = runtime().environment
    return Store(environment.bucket, environment.region)


def prepare() -> None:
    """Make the store's client while something else is waited for: a third of a second less after it."""
    Thread(target=_client, daemon=True).start()


def _client() -> None:
    # Whatever it meets, the first call meets it, too, and tells it.
    with suppress(Exception):
        store().s3  # noqa: B018 - what is looked at is made


def folder(dag: str, run: str) -> str:
    """Return the prefix of a DAG run."""
    return f"{RUNS}/{dag}/{run}/"


def keep(project: Path, invocation: Invocation) -> None:
    """Write what an invocation left to <run>/<task>-<try>.zip; a failure is logged in one line, never raised.

    Args:
        project: the folder in which dbt has run.
        invocation: its results.
    """
    key = f"{folder(invocation.dag, invocation.run)}{invocation.task}-{invocation.attempt}.zip"
    try:
        store().put(key, _packed(project, invocation))
    except Exception as error:
        log.warning("The archive has no %s: %s", key, error)


def _packed(project: Path, invocation: Invocation) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SUMMARY, json.dumps(asdict(invocation)))
        for name, path in _artifacts(project):
            archive.write(path, name)
        archive.writestr("dbt.log", as_text(project))
    return buffer.getvalue()


def _artifacts(project: Path) -> Iterator[tuple[str, Path]]:
    target = project / "target"
    for name in (RAW, "sources.json"):
        if (target / name).is_file():
            yield name, target / name
    for path in sorted((target / "compiled").rglob("*")):
        if path.is_file():
            yield path.relative_to(target).as_posix(), path


def tell(dag: str, run: str, task: str, summary: dict[str, Any]) -> None:
    """Write a group's summary for who cannot read its task's XCom (mwaa_dbt.ended); may raise what S3 does."""
    store().put(f"{folder(dag, run)}{task}.json", json.dumps(summary).encode())


def told(dag: str, run: str, task: str) -> dict[str, Any] | None:
    """Return what `tell` has written; None if it has not."""
    content, _ = store().get(f"{folder(dag, run)}{task}.json")
    return dict(json.loads(content)) if content else None


def read(dag: str, run: str, group: str, member: str = SUMMARY) -> list[dict[str, Any]]:
    """Return one member of each invocation of a dbt group in a DAG run, by key."""
    place = store()
    keys = [key for key in place.keys(f"{folder(dag, run)}{group}.") if key.endswith(".zip")]
    with ThreadPoolExecutor(WORKERS) as pool:
        members = list(pool.map(lambda key: _member(place, key, member), keys))
    return [found for found in members if found]


def _member(place: Store, key: str, name: str) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(place.get(key)[0])) as archive:
        return dict(json.loads(archive.read(name))) if name in archive.namelist() else {}
