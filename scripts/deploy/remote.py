"""What a bucket holds, as data."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.aws import Bucket, MissingError, Object
from scripts.bundle import KEPT_FILES
from scripts.release import POINTER, SHORT

LOG = "releases/log/"
RECORD = re.compile(rf"releases/([0-9a-f]{{{SHORT}}})/release\.json")
WORKERS = 16  # calls at once; S3 takes thousands, a laptop's line does not


@dataclass(frozen=True)
class Remote:
    """A bucket at one moment.

    `archives`: key → size of what is named by its content; `files`: key → SHA-256 of what is replaced in place;
    `pointer`: digests of releases, newest first, and `etag` of the object that says so; `live`: the record of the
    first; `logged`: the key of the log's last entry.
    """

    archives: Mapping[str, int]
    files: Mapping[str, str]
    pointer: list[str]
    etag: str | None
    live: Mapping[str, Any]
    logged: str

    @property
    def release(self) -> str | None:
        """The name of the live release."""
        return self.pointer[0][:SHORT] if self.pointer else None


def look(bucket: Bucket, wanted: Mapping[str, Any]) -> Remote:
    """Return what the bucket holds of a release and of the one that is live; reads only.

    Args:
        bucket: the environment's bucket.
        wanted: the record of the release that is to be live.
    """
    there = {**bucket.objects("dags/"), **bucket.objects(f"{KEPT_FILES}/")}
    pointer, etag = read_pointer(bucket)
    live = read_record(bucket, pointer[0][:SHORT]) if pointer else {}
    keys = sorted({*wanted["files"], *live.get("files", {})})
    digests = each(lambda key: content(bucket, key), keys)
    return Remote(
        archives={key: found.size for key, found in there.items() if is_archive(key)},
        files={key: digest for key, digest in zip(keys, digests, strict=True) if digest},
        pointer=pointer,
        etag=etag,
        live=live,
        logged=max(bucket.objects(LOG), default=""),
    )


def is_archive(key: str) -> bool:
    """Say whether an object is named by its content, and so never changes."""
    return key.startswith(f"{KEPT_FILES}/") or (key.startswith("dags/dbt/") and key.endswith(".zip"))


def read_pointer(bucket: Bucket) -> tuple[list[str], str | None]:
    """Return the digests that the pointer names, newest first, and its ETag; none if there is no pointer.

    Raises:
        ProjectError: if somebody has damaged it.
    """
    try:
        data, found = bucket.read(POINTER)
        return [str(digest) for digest in json.loads(data)["releases"]], found.etag
    except MissingError:
        return [], None
    except (ValueError, KeyError, TypeError) as error:
        raise ProjectError(
            f"The pointer cannot be read: {error!r}.",
            f"s3://{bucket.name}/{POINTER}",
            "restore its version before in the S3 console, or delete it and deploy",
        ) from None


def read_record(bucket: Bucket, release: str) -> dict[str, Any]:
    """Return the stored record of a release.

    Raises:
        ProjectError: if there is none; close names are told.
    """
    try:
        return dict(json.loads(bucket.get(record_key(release))))
    except MissingError:
        known = stored(bucket)
        raise ProjectError(
            f"There is no release {release!r}.{suggestion(release, known)}",
            f"s3://{bucket.name}/{record_key(release)}",
            "name one that `mwaa releases` lists",
        ) from None


def stored(bucket: Bucket) -> list[str]:
    """Return the names of the releases whose records the bucket keeps."""
    return sorted(match[1] for key in bucket.objects("releases/") if (match := RECORD.fullmatch(key)))


def record_key(release: str) -> str:
    """Return where the record of a release is kept."""
    return f"releases/{release}/release.json"


def content(bucket: Bucket, key: str, version: str | None = None) -> str | None:
    """Return the SHA-256 of an object's content; None if there is none.

    S3 knows it of what a deploy has written; what was uploaded by other means is read.
    """
    found: Object | None = bucket.head(key, version)
    if found is None or found.sha256:
        return found.sha256 if found else None
    return hashlib.sha256(bucket.get(key, version)).hexdigest()


def each[Item, Result](call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return a call's results in the order of its items, several calls at once; the first error ends it."""
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = [pool.submit(call, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
