"""A plan carried out, in the order that no parse can trip over, whatever is killed or done twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket, ConflictError
from scripts.bundle import KEPT_FILES
from scripts.console import step
from scripts.deploy.lock import Lock, owner
from scripts.deploy.plan import Plan, make_plan
from scripts.deploy.remote import LOG, Remote, content, each, look, read_pointer, record_key
from scripts.release import POINTER


@dataclass(frozen=True)
class Source:
    """A release to be made live: its record, and the build that has its contents; None for a stored one."""

    record: Mapping[str, Any]
    build: Path | None = None

    @cached_property
    def digests(self) -> dict[str, str]:
        """Key → SHA-256 of every object that is named by its content."""
        kept = {f"{KEPT_FILES}/{file['sha256']}": file["sha256"] for file in self.record["files"].values()}
        return kept | {key: file["sha256"] for key, file in self.record["archives"].items()}

    def path(self, key: str) -> Path:
        """Return the build's file for an object that is named by its content.

        Raises:
            ProjectError: for a stored release, whose objects must be in the bucket.
        """
        if self.build is None:
            raise ProjectError(
                f"Release {self.record['release']} is not whole any more: {key} is missing or changed.",
                key,
                f"check out {self.record['git']['revision']}, then `mwaa build` and `mwaa deploy`",
            )
        names = {f"{KEPT_FILES}/{file['sha256']}": name for name, file in self.record["files"].items()}
        return self.build / (key if key in self.record["archives"] else names[key])


def make_live(bucket: Bucket, source: Source, lock: Lock, action: str) -> Plan:
    """Make a release live and return what was done; a second call finishes what a killed one has begun.

    Args:
        bucket: the environment's bucket.
        source: the release.
        lock: held by the caller.
        action: "deploy" or "rollback", for the log.
    """
    remote = look(bucket, source.record)
    plan = make_plan(source.record, remote)
    with step(f"archives, {len(plan.send)} to send") as notes:
        each(lambda key: _send(bucket, source, key), plan.send)
        notes.append(f"{sum(plan.send.values()) / 1024:.0f} kB")
    doubted = source.digests if plan.point else plan.send
    with step(f"checksums of {len(doubted)} objects, asked of S3"):
        each(lambda key: _verify(bucket, source, key), doubted)
        _write_record(bucket, source)
    with step(f"DAG files and what containers start with, {len(plan.create)} new, {len(plan.replace)} replaced"):
        each(lambda key: _set(bucket, source, key), [*plan.create, *plan.replace])
    if plan.point:
        with step(f"pointer to {plan.release}"):
            lock.check()
            _point(bucket, plan, remote.etag)
    each(bucket.delete, plan.delete)
    if plan.log:
        _log(bucket, plan, remote, action)
    return plan


def _send(bucket: Bucket, source: Source, key: str) -> None:
    bucket.put(key, source.path(key), source.digests[key])


def _verify(bucket: Bucket, source: Source, key: str) -> None:
    if content(bucket, key) == source.digests[key]:
        return
    # Of the right name and size, yet something else: overwritten by hand. The build still has the right one.
    _send(bucket, source, key)
    if (found := content(bucket, key)) != source.digests[key]:
        raise ProjectError(
            f"S3 holds another content than was sent: {found}.", f"s3://{bucket.name}/{key}", "deploy again"
        )


def _set(bucket: Bucket, source: Source, key: str) -> None:
    bucket.copy(f"{KEPT_FILES}/{source.record['files'][key]['sha256']}", key)


def _write_record(bucket: Bucket, source: Source) -> None:
    key = record_key(source.record["release"])
    if bucket.head(key) is None:
        text = (json.dumps(source.record, indent=2) + "\n").encode()
        bucket.put(key, text, hashlib.sha256(text).hexdigest())


def _point(bucket: Bucket, plan: Plan, etag: str | None) -> None:
    text = json.dumps({"releases": plan.pointer}) + "\n"
    try:
        bucket.swap(POINTER, text.encode(), etag)
    except ConflictError:
        # An answer that was lost on its way makes our own write look like somebody else's.
        if read_pointer(bucket)[0] != plan.pointer:
            raise ProjectError(
                "The pointer was changed under this deploy.",
                f"s3://{bucket.name}/{POINTER}",
                "see who did it with `mwaa releases`, then deploy again",
            ) from None


def _log(bucket: Bucket, plan: Plan, remote: Remote, action: str) -> None:
    now = datetime.now(UTC)
    # Names sort by time, also where this clock runs behind that of the last writer.
    stamp = max(now.strftime("%Y%m%dT%H%M%S%fZ"), remote.logged.removeprefix(LOG).split("-")[0] + ".")
    note = {"release": plan.release, "before": plan.before, "action": action, "by": owner(), "at": now.isoformat()}
    text = json.dumps(note).encode()
    bucket.put(f"{LOG}{stamp}-{plan.release}.json", text, hashlib.sha256(text).hexdigest())
