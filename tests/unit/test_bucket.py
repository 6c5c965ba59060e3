"""A bucket's checksums, conditions and versions, against a real S3 API."""

from __future__ import annotations

import hashlib

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.aws import Aws, Bucket, ConflictError, MissingError

A, B = (hashlib.sha256(text).hexdigest() for text in (b"a", b"b"))


def test_put_keeps_checksum(bucket: Bucket) -> None:
    """S3 knows the SHA-256 of what was uploaded, and which version it is."""
    bucket.put("x", b"a", A)
    found = bucket.head("x")
    assert found is not None
    assert (found.sha256, found.size, bool(found.version)) == (A, 1, True)
    assert bucket.objects()["x"].size == 1


def test_copy_has_checksum(bucket: Bucket) -> None:
    """A copy has a checksum of its own and returns its version."""
    bucket.put("x", b"a", A)
    version = bucket.copy("x", "y")
    found = bucket.head("y")
    assert found is not None
    assert (found.sha256, found.version) == (A, version)


def test_version_stays(bucket: Bucket) -> None:
    """An overwritten object can still be read by its version."""
    bucket.put("x", b"a", A)
    first = bucket.head("x")
    assert first is not None
    bucket.put("x", b"b", B)
    old = bucket.head("x", first.version)
    assert (bucket.get("x"), bucket.get("x", first.version), old and old.sha256) == (b"b", b"a", A)


def test_missing_is_told(bucket: Bucket) -> None:
    """What is not there is None to a look and an error to a read."""
    assert bucket.head("x") is None
    with pytest.raises(MissingError):
        bucket.get("x")


def test_swap_is_conditional(bucket: Bucket) -> None:
    """Only who knows the object's last state may write it."""
    first = bucket.swap("x", b"1", None)
    with pytest.raises(ConflictError):
        bucket.swap("x", b"2", None)
    second = bucket.swap("x", b"2", first)
    with pytest.raises(ConflictError):
        bucket.swap("x", b"3", first)
    with pytest.raises(ConflictError):
        bucket.delete("x", first)
    bucket.delete("x", second)
    with pytest.raises(ConflictError):
        bucket.swap("x", b"4", second)


def test_no_bucket_is_told(aws: Aws) -> None:
    """A bucket that is not there is named, with the setting to mend."""
    with pytest.raises(ProjectError) as told:
        aws.bucket("no-such-bucket").objects()
    assert "no-such-bucket" in told.value.what
    assert "settings.toml" in told.value.fix


def test_nobody_answers_is_told() -> None:
    """An endpoint where nobody listens is one clear error."""
    with pytest.raises(ProjectError, match="AWS does not answer"):
        Aws("eu-central-1", "http://127.0.0.1:1").bucket("bucket").versioned()
