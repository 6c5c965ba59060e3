"""The difference between a release and a bucket, as data; nothing here calls anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scripts.bundle import KEPT_FILES
from scripts.deploy.remote import Remote
from scripts.release import SHORT

POINTED = 5  # releases that the pointer names, newest first: where a reader may fall back to


@dataclass(frozen=True)
class Plan:
    """What a deploy will do, in its order.

    Args:
        release: the release's name.
        before: that of the release that is live now.
        send: objects named by their content, key → bytes, that the bucket lacks.
        create, replace: files to set by a copy inside S3.
        keep: how many objects are there already, as wanted.
        pointer: the digests that the pointer is to name; as it is if `point` is false.
        delete: files of the live release that this one lacks; deleted after the pointer is set.
        log: whether the log lacks that this release is live, which a deploy leaves that is killed at its very end.
    """

    release: str
    before: str | None
    send: dict[str, int]
    create: list[str]
    replace: list[str]
    keep: int
    pointer: list[str]
    point: bool
    delete: list[str]
    log: bool

    @property
    def idle(self) -> bool:
        """Whether the bucket is as wanted."""
        return not (self.send or self.create or self.replace or self.point or self.delete or self.log)

    @property
    def table(self) -> dict[str, Any]:
        """The plan for a machine."""
        return {**asdict(self), "bytes": sum(self.send.values()), "idle": self.idle}


def make_plan(record: Mapping[str, Any], remote: Remote) -> Plan:
    """Return what turns the bucket into the release of a record."""
    files: Mapping[str, Any] = record["files"]
    wanted = {key: int(file["size"]) for key, file in record["archives"].items()}
    # Each file is also kept under its digest, so that a later rollback finds it.
    wanted |= {f"{KEPT_FILES}/{file['sha256']}": int(file["size"]) for file in files.values()}
    send = {key: size for key, size in sorted(wanted.items()) if remote.archives.get(key) != size}
    replace = [key for key in sorted(files) if key in remote.files and remote.files[key] != files[key]["sha256"]]
    create = [key for key in sorted(files) if key not in remote.files]
    pointer = [record["digest"], *(digest for digest in remote.pointer if digest != record["digest"])][:POINTED]
    return Plan(
        release=str(record["digest"])[:SHORT],
        before=remote.release,
        send=send,
        create=create,
        replace=replace,
        keep=len(wanted) + len(files) - len(send) - len(create) - len(replace),
        pointer=pointer,
        point=remote.pointer[:1] != pointer[:1],
        delete=[key for key in sorted(remote.live.get("files", {})) if key in remote.files and key not in files],
        log=remote.pointer[:1] != pointer[:1] or not remote.logged.endswith(f"-{pointer[0][:SHORT]}.json"),
    )
