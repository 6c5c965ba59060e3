"""Stored releases: found in the bucket or in a folder, and what is said of those that are not."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket
from scripts.release import RECORDED
from scripts.state import find_stored

MANIFEST = b'{"nodes": {}}'
ZIPPED = gzip.compress(MANIFEST, mtime=0)
KEPT = hashlib.sha256(ZIPPED).hexdigest()
DIGEST = "de16da857f03" + 52 * "0"
OLDER = "8f6d5b2cf6ee"


def put(bucket: Bucket, key: str, content: bytes) -> None:
    """Put an object as a deploy does."""
    bucket.put(key, content, hashlib.sha256(content).hexdigest())


def record(name: str) -> bytes:
    """Return a release's record with one project."""
    known = dict.fromkeys(RECORDED)
    return json.dumps({**known, "release": name, "projects": {"shop": {"archive": "0", "manifest": KEPT}}}).encode()


@pytest.fixture
def kept(bucket: Bucket) -> Bucket:
    """Fill a bucket with two releases, the first of which is live."""
    for name in (DIGEST[:12], OLDER):
        put(bucket, f"releases/{name}/release.json", record(name))
    put(bucket, f"releases/files/{KEPT}", ZIPPED)
    put(bucket, "dags/dbt/current.json", json.dumps({"releases": [DIGEST, OLDER + 52 * "1"]}).encode())
    return bucket


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("current", DIGEST[:12]), (DIGEST[:12], DIGEST[:12]), (DIGEST, DIGEST[:12]), (OLDER, OLDER)],
)
def test_found_in_bucket(kept: Bucket, wanted: str, found: str) -> None:
    """A release is found by its name, by its digest, or as the live one."""
    stored = find_stored(wanted, lambda: kept)
    assert (stored.release, stored.manifests) == (found, {"shop": MANIFEST})


def test_found_in_folder(tmp_path: Path, bucket: Bucket) -> None:
    """Another build's folder needs no bucket."""
    (tmp_path / "dags/dbt").mkdir(parents=True)
    (tmp_path / "dags/dbt/current.json").write_text(json.dumps({"releases": [DIGEST]}))
    (tmp_path / "releases" / DIGEST[:12]).mkdir(parents=True)
    (tmp_path / "releases" / DIGEST[:12] / "release.json").write_bytes(record(DIGEST[:12]))
    (tmp_path / "releases/files").mkdir()
    (tmp_path / "releases/files" / KEPT).write_bytes(ZIPPED)

    def refused() -> Bucket:
        raise AssertionError("the bucket was asked for")

    assert find_stored(str(tmp_path), refused).manifests == {"shop": MANIFEST}


def test_unknown_release_is_suggested(kept: Bucket) -> None:
    """A mistyped release is answered with the close one and those there are."""
    with pytest.raises(ProjectError) as caught:
        find_stored("de16da857f04", lambda: kept)
    assert "There is no release 'de16da857f04'. Did you mean 'de16da857f03'?" in caught.value.what
    assert caught.value.where == f"s3://{kept.name}/releases/de16da857f04/release.json"
    assert "mwaa releases" in caught.value.fix


def test_no_release_at_all(bucket: Bucket) -> None:
    """An empty bucket has no live release."""
    with pytest.raises(ProjectError, match="No release is live"):
        find_stored("current", lambda: bucket)


def test_manifest_no_longer_kept(kept: Bucket) -> None:
    """A record whose manifest is gone is said to be just that."""
    kept.delete(f"releases/files/{KEPT}")
    with pytest.raises(ProjectError) as caught:
        find_stored(OLDER, lambda: kept)
    assert caught.value.what == f"The manifest of release {OLDER} is no longer kept."
    assert caught.value.where.endswith(f"releases/files/{KEPT}")


@pytest.mark.parametrize(("wanted", "told"), [("curent", "Did you mean 'current'?"), ("build/prdo", "is no release")])
def test_neither_release_nor_folder(bucket: Bucket, wanted: str, told: str) -> None:
    """A word that is neither is refused with what may be named."""
    with pytest.raises(ProjectError) as caught:
        find_stored(wanted, lambda: bucket)
    assert told in caught.value.what
    assert "build/prod" in caught.value.fix
