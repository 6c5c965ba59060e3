"""One deploy, or one cutover, at a time: an object that only one can create (S3's conditional write)."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import psutil

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket, ConflictError, MissingError
from scripts.console import err

KEY = "releases/lock.json"
RENEW = 20.0  # seconds between two signs of life
STALE = 90.0  # seconds without one after which the owner is taken to be dead
# Where CI systems say who and what they are.
JOBS = ("GITHUB_RUN_ID", "CI_JOB_URL", "CODEBUILD_BUILD_ID")


class Claim(NamedTuple):
    """What a lock is for: its object, what its owner does, what frees it, and what to do once it is lost."""

    key: str
    what: str
    free: str
    lost: str


DEPLOY = Claim(
    KEY,
    "deploy",
    "wait for it (`--wait 600`); `mwaa unlock` removes a lock whose owner is surely dead",
    "look at `mwaa releases`, then deploy again if need be",
)


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, by S3's own clock: seconds since the last sign of life, and since it was taken."""

    owner: str
    age: float
    quiet: float
    etag: str
    token: str
    stale: bool

    def __str__(self) -> str:
        return f"{self.owner}, for {self.age:.0f} s, last heard of {self.quiet:.0f} s ago"


def holder(bucket: Bucket, key: str = KEY) -> Holder | None:
    """Return who holds a lock of the bucket, or None."""
    try:
        data, found = bucket.read(key)
    except MissingError:
        return None
    note = json.loads(data)
    quiet = max(0.0, (found.seen - found.modified).total_seconds()) if found.seen else 0.0
    stale = quiet > STALE or _dead(note)
    return Holder(note["owner"], quiet + note["held"], quiet, found.etag, note["token"], stale)


def _dead(note: dict[str, Any]) -> bool:
    # On the machine where it was taken one can look; elsewhere only silence tells.
    if note["host"] != _host():
        return False
    try:
        return bool(psutil.Process(note["pid"]).create_time() != note["started"])
    except psutil.NoSuchProcess:
        return True


def _host() -> str:
    return f"{socket.gethostname()} {psutil.boot_time():.0f}"


@dataclass
class Lock:
    """A lock that is held; a thread of its own shows a sign of life every few seconds."""

    bucket: Bucket
    token: str
    etag: str
    since: float
    lost: bool = False
    claim: Claim = DEPLOY

    def check(self) -> None:
        """Make sure that the lock is still ours, at this very moment.

        Raises:
            ProjectError: if another one has taken it over.
        """
        key = self.claim.key
        try:
            self.etag = self.bucket.swap(key, _note(self.token, time.monotonic() - self.since), self.etag)
        except ConflictError:
            now = holder(self.bucket, key)
            # An answer that was lost on its way makes our own write look like somebody else's.
            if now is None or now.token != self.token:
                raise ProjectError(
                    f"The lock was taken over by {now or 'nobody; it was removed'}.",
                    f"s3://{self.bucket.name}/{key}",
                    self.claim.lost,
                ) from None
            self.etag = now.etag


def _note(token: str, held: float) -> bytes:
    process = psutil.Process()
    note = {"owner": owner(), "host": _host(), "pid": process.pid, "started": process.create_time()}
    return json.dumps({**note, "token": token, "held": round(held)}).encode()


def owner() -> str:
    """Return who deploys: the person or CI user, and where."""
    name = os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN") or _user()
    job = next((f" ({key} {os.environ[key]})" for key in JOBS if key in os.environ), "")
    return f"{name}@{socket.gethostname()}{job}"


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:
        # A container may run under a number that has no name.
        return str(os.getuid())


@contextmanager
def locked(bucket: Bucket, wait: float = 0.0, claim: Claim = DEPLOY) -> Iterator[Lock]:
    """Hold a lock of the bucket; one whose owner is dead is taken over.

    Args:
        bucket: the environment's bucket.
        wait: seconds to wait for its owner to end.
        claim: what it is for.

    Raises:
        ProjectError: if another one holds it; it is named.
    """
    lock, done = _acquire(bucket, wait, claim), threading.Event()
    beat = threading.Thread(target=_beat, args=(lock, done), daemon=True)
    beat.start()
    try:
        yield lock
    finally:
        done.set()
        beat.join()
        # What stopped a deploy (expired credentials) stops this, too, and must not hide it; the lock then goes stale.
        with suppress(ConflictError, ProjectError):
            bucket.delete(claim.key, lock.etag)


def _beat(lock: Lock, done: threading.Event) -> None:
    while not done.wait(RENEW):
        try:
            lock.check()
        except ProjectError:
            # The next check, before the pointer is set, tells it.
            return


def _acquire(bucket: Bucket, wait: float, claim: Claim) -> Lock:
    token, end = secrets.token_hex(8), time.monotonic() + wait
    while True:
        found = holder(bucket, claim.key)
        if found is None or found.stale:
            if found:
                err.print(f"[yellow]taking over the lock of a {claim.what} that is dead:[/] {found}")
            with suppress(ConflictError):
                etag = bucket.swap(claim.key, _note(token, 0.0), found.etag if found else None)
                return Lock(bucket, token, etag, time.monotonic(), claim=claim)
            found = holder(bucket, claim.key)
            if found and found.token == token:
                return Lock(bucket, token, found.etag, time.monotonic(), claim=claim)
        elif time.monotonic() >= end:
            place = f"s3://{bucket.name}/{claim.key}"
            raise ProjectError(f"Another {claim.what} is under way: {found}.", place, claim.free)
        else:
            time.sleep(1.0)


def unlock(bucket: Bucket, force: bool) -> Holder | None:
    """Remove the lock of a dead deploy, or of any with `force`; return whose it was.

    Raises:
        ProjectError: if its owner is alive.
    """
    found = holder(bucket)
    if found and not found.stale and not force:
        raise ProjectError(
            f"The lock's owner is alive: {found}.",
            f"s3://{bucket.name}/{KEY}",
            f"wait; silent for {STALE:.0f} s it counts as dead, and `mwaa unlock --force` removes it at once",
        )
    if found:
        with suppress(ConflictError):
            bucket.delete(KEY, found.etag)
    return found
