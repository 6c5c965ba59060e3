"""Archives in a real S3, and the `mwaa history` command as a person runs it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.runs import Shape, make, store
from scripts.aws import Aws, Bucket
from scripts.history.model import Run, read_line
from tests.command import Done, mwaa
from tests.unit.conftest import aws, bucket  # noqa: F401 - fixtures

ROOT = Path(__file__).parents[2]
LAST = datetime(2026, 11, 20, 5, tzinfo=UTC)


def line(run: str = "r1", **changes: Any) -> dict[str, Any]:
    """Return one line of an index; `changes` are what is special about it."""
    return {
        "dag": "shop",
        "run": run,
        "group": "shop",
        "project": "shop",
        "release": "a8b8faec1297",
        "git": None,
        "at": "2026-11-20T05:00:00+00:00",
        "seconds": 10.0,
        "state": "success",
        "nodes": {"model.shop.orders": ["success", 1.0, 5.0, 1]},
        "errors": {},
        **changes,
    }


def run(name: str = "r1", **changes: Any) -> Run:
    """Return one run, read as from the archive."""
    return read_line(json.dumps(line(name, **changes)).encode())


def put(bucket: Bucket, key: str, data: bytes) -> None:  # noqa: F811 - the fixture's value
    """Write any bytes to the archive."""
    bucket.put(key, data, hashlib.sha256(data).hexdigest())


def packed(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """Return lines as one part of a gzip file."""
    return gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in lines), mtime=0)


@dataclass(frozen=True)
class Project:
    """A project whose environment `prod` has a bucket in the S3 of the tests."""

    folder: Path
    bucket: Bucket
    endpoint: str

    def history(self, *arguments: str, endpoint: str | None = None) -> Done:
        """Run `mwaa history --env prod` without a terminal."""
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_MAX_ATTEMPTS": "1"}
        environment = {"PATH": os.defpath, "HOME": str(self.folder), "COLUMNS": "200", "NO_PROXY": "127.0.0.1"}
        keys["AWS_ENDPOINT_URL"] = endpoint or self.endpoint
        return mwaa(["history", "--env", "prod", *arguments], self.folder, environment | keys)

    def json(self, *arguments: str) -> dict[str, Any]:
        """Return what it tells a machine."""
        done = self.history("--json", *arguments)
        assert done.code == 0, done.err
        return dict(done.json)


@pytest.fixture
def project(aws: Aws, bucket: Bucket, tmp_path: Path) -> Project:  # noqa: F811 - the fixtures' values
    """Return a project with an empty archive."""
    settings = (ROOT / "settings.toml").read_text()
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "settings.toml").write_text(re.sub(r'"mwaa-dbt-prod"', f'"{bucket.name}"', settings, count=1))
    return Project(folder, bucket, str(aws.endpoint))


@pytest.fixture
def filled(project: Project) -> Project:
    """Return a project with 100 runs of one DAG, an hour apart, and 20 of another."""
    store(project.bucket, make(Shape(100, 30, LAST)))
    store(project.bucket, make(Shape(20, 24, LAST, dag="finance")))
    return project
