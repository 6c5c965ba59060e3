"""The bucket and the environment against the record of the live release: what was changed by other hands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from scripts.bundle import KEPT_FILES
from scripts.deploy.history import live, stored
from scripts.deploy.remote import content, each
from scripts.deploy.update import running
from scripts.release import POINTER
from scripts.target import Target


@dataclass(frozen=True)
class Drift:
    """What differs: objects changed, missing or extra, and files of which the environment runs another version."""

    release: str
    changed: list[str]
    missing: list[str]
    extra: list[str]
    environment: list[str]

    @property
    def none(self) -> bool:
        """Whether all is as deployed."""
        return not (self.changed or self.missing or self.extra or self.environment)

    @property
    def table(self) -> dict[str, Any]:
        """The same for a machine."""
        return {**asdict(self), "none": self.none}


def find_drift(target: Target) -> Drift:
    """Return how bucket and environment differ from the live release.

    Raises:
        ProjectError: if no release is live.
    """
    bucket, release = target.bucket, live(target.bucket)
    records = stored(bucket)
    wanted = {key: file["sha256"] for part in ("files", "archives") for key, file in records[release][part].items()}
    found = dict(zip(wanted, each(lambda key: content(bucket, key), wanted), strict=True))
    known = {POINTER, *wanted, *(key for record in records.values() for key in record["archives"])}
    there = {**bucket.objects("dags/"), **bucket.objects(f"{KEPT_FILES}/")}
    kept = {f"{KEPT_FILES}/{file['sha256']}" for record in records.values() for file in record["files"].values()}
    mwaa = target.mwaa
    return Drift(
        release=release,
        changed=[key for key, digest in wanted.items() if found[key] not in (None, digest)],
        missing=[key for key in wanted if found[key] is None] + sorted(kept - set(there)),
        extra=sorted(set(there) - known - kept),
        environment=running(mwaa, bucket).stale(records[release]) if mwaa else [],
    )
