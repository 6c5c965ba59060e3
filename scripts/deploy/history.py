"""What was live when: the log of deploys, and the records that the bucket keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket
from scripts.deploy.remote import LOG, each, read_pointer, read_record
from scripts.deploy.remote import stored as stored_names
from scripts.release import SHORT


@dataclass(frozen=True)
class Entry:
    """One deploy or rollback: which release became live when, by whom, after which."""

    release: str
    before: str | None
    action: str
    by: str
    at: datetime


def entries(bucket: Bucket) -> list[Entry]:
    """Return the log of deploys, newest first."""
    return each(lambda key: _entry(bucket, key), sorted(bucket.objects(LOG), reverse=True))


def newest(bucket: Bucket) -> Entry | None:
    """Return the log's last entry; None before the first deploy."""
    key = max(bucket.objects(LOG), default=None)
    return _entry(bucket, key) if key else None


def _entry(bucket: Bucket, key: str) -> Entry:
    note: Mapping[str, Any] = json.loads(bucket.get(key))
    return Entry(**{**note, "at": datetime.fromisoformat(note["at"])})


def stored(bucket: Bucket) -> dict[str, dict[str, Any]]:
    """Return the records of all releases that the bucket keeps, by name."""
    names = stored_names(bucket)
    return dict(zip(names, each(lambda name: read_record(bucket, name), names), strict=True))


def live(bucket: Bucket) -> str:
    """Return the name of the release that is live.

    Raises:
        ProjectError: if none is.
    """
    pointer, _ = read_pointer(bucket)
    if not pointer:
        raise ProjectError("No release is live.", f"s3://{bucket.name}", "run `mwaa deploy` first")
    return pointer[0][:SHORT]


def before(bucket: Bucket) -> str:
    """Return the name of the release that was live before the one that is.

    Raises:
        ProjectError: if there was none.
    """
    pointer, _ = read_pointer(bucket)
    if len(pointer) < 2:  # noqa: PLR2004 - the live one and one before it
        raise ProjectError(
            "There is no release before this one.", f"s3://{bucket.name}", "name one that `mwaa releases` lists"
        )
    return pointer[1][:SHORT]
