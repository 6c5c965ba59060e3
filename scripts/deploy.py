"""A build's files into the bucket, in the order that no parse can trip over."""

from __future__ import annotations

from pathlib import Path

from scripts.aws import Aws

POINTER = "dags/dbt/current.json"


def upload(aws: Aws, bucket: str, build: Path) -> list[str]:
    """Upload what is not there yet: archives first, then code, the pointer last; return the keys sent.

    DAG files that the build no longer has are removed; archives stay, since a task may still read them.
    """
    files = {path.relative_to(build).as_posix(): path for path in sorted(build.rglob("*")) if path.is_file()}
    there = aws.objects(bucket, "dags/")
    sent = [key for key in sorted(files, key=_rank) if not (_immutable(key) and key in there)]
    for key in sent:
        aws.put(bucket, key, files[key])
    for key in there:
        if not _immutable(key) and key not in files:
            aws.delete(bucket, key)
    return sent


def _immutable(key: str) -> bool:
    # Named by its content.
    return key.startswith("dags/dbt/") and key.endswith(".zip")


def _rank(key: str) -> tuple[int, str]:
    return (2 if key == POINTER else 0 if _immutable(key) else 1, key)
