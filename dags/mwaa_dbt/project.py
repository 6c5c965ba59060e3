"""The dbt projects of the release: found by the pointer, unpacked once per container."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import dbt_home
from mwaa_dbt.tables import Source, read, suggestion

RELEASE = Path(__file__).parents[1] / "dbt"
POINTER = RELEASE / "current.json"
FAR_FUTURE = 4_102_444_800  # 2100-01-01, seconds since the epoch


@dataclass(frozen=True)
class Archive:
    """A project's archive as the pointer names it: SHA-256 and size in bytes of the zip."""

    digest: str
    size: int


@dataclass(frozen=True)
class Pointer:
    """Which archive each project is at; the file that a deploy writes last."""

    release: str
    projects: dict[str, Archive]


@dataclass(frozen=True)
class Unpacked:
    """A dbt project on this container's disk, where dbt may write."""

    name: str
    release: str
    folder: Path

    @property
    def manifest(self) -> Path:
        """The slim manifest: only what Cosmos reads."""
        return self.folder / "manifest.json"


def open_project(name: str) -> Unpacked:
    """Return a project of the current release, unpacking it if this container has not yet.

    Raises:
        ProjectError: if no release is here, it has no such project, or its archive is not whole.
    """
    pointer = _pointer()
    if name not in pointer.projects:
        known = sorted(pointer.projects)
        raise ProjectError(
            f"Release {pointer.release} has no dbt project {name!r}.{suggestion(name, known)}",
            f"dbt_group({name!r}, …)",
            f"name one of: {', '.join(known) or 'none'}; a project is a folder in dbt/",
        )
    archive = pointer.projects[name]
    return Unpacked(name, pointer.release, _unpack(name, archive))


def _pointer() -> Pointer:
    if not POINTER.is_file():
        raise ProjectError("There is no release here.", str(POINTER), "run `mwaa build`, then deploy its output")
    text = POINTER.read_text()
    try:
        return read(Pointer, json.loads(text), Source(POINTER.name, text))
    except json.JSONDecodeError as error:
        raise ProjectError(f"The release pointer is cut off: {error}.", str(POINTER), "deploy again") from None


def _unpack(name: str, archive: Archive) -> Path:
    folder = dbt_home() / name / archive.digest
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.parent):
        if not folder.is_dir():
            _extract(_whole(name, archive), folder)
    return folder


def _whole(name: str, archive: Archive) -> Path:
    path = RELEASE / name / f"{archive.digest}.zip"
    if not path.is_file():
        raise ProjectError("The archive of this release is not here yet.", str(path), "wait for S3's next sync")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if (path.stat().st_size, digest) != (archive.size, archive.digest):
        raise ProjectError(
            f"The archive is not whole: {path.stat().st_size} of {archive.size} bytes.", str(path), "deploy again"
        )
    return path


def _extract(path: Path, folder: Path) -> None:
    # What a killed process left behind; nobody else unpacks while we hold the lock.
    for leftover in folder.parent.glob(".unpacking-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # A rename is atomic: another process sees the whole folder or none, even after a kill.
    temporary = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder.parent))
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(temporary)
        _prefer_shipped_parse(temporary)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _prefer_shipped_parse(folder: Path) -> None:
    # Cosmos takes the younger of the shipped partial parse and its own cache of the last run's, and that run
    # may have had other vars (cosmos/cache.py, _get_latest_partial_parse). The shipped one always fits.
    shipped = folder / "target" / "partial_parse.msgpack"
    if shipped.exists():
        os.utime(shipped, (FAR_FUTURE, FAR_FUTURE))


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
