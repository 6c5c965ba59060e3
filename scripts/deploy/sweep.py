"""What no release that may still be read needs any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.aws import Bucket, Mwaa
from scripts.bundle import KEPT_FILES
from scripts.deploy.history import Entry, entries, stored
from scripts.deploy.remote import each, is_archive, read_pointer, record_key
from scripts.release import SHORT
from scripts.target import Target


@dataclass(frozen=True)
class Sweep:
    """What goes and what stays: `releases` and `objects` (key → bytes) to delete, kept releases with the reason."""

    releases: list[str]
    objects: dict[str, int]
    kept: dict[str, str]


def find_garbage(target: Target, newest: int, days: int | None) -> Sweep:
    """Return what may be deleted; reads only.

    Kept are the releases that the pointer names, the newest by the log, and every one that was live since the first
    of the runs began that are still active.

    Args:
        target: where.
        newest: how many releases to keep at least.
        days: keep what was live within so many days, instead of asking the environment for its active runs.
    """
    bucket, records = target.bucket, stored(target.bucket)
    log = entries(bucket)
    since = _since(target.mwaa, days)
    pointer, _ = read_pointer(bucket)
    kept = dict.fromkeys(_live(log, since), f"live since the oldest active run began ({since:%Y-%m-%d %H:%M} UTC)")
    kept |= dict.fromkeys(list(dict.fromkeys(entry.release for entry in log))[:newest], f"one of the newest {newest}")
    kept |= {digest[:SHORT]: "named by the pointer" for digest in pointer}
    kept = {release: reason for release, reason in kept.items() if release in records}
    needed = {key for release in kept for key in _keys(records[release])}
    there = {**bucket.objects("dags/dbt/"), **bucket.objects(f"{KEPT_FILES}/")}
    objects = {key: found.size for key, found in there.items() if is_archive(key) and key not in needed}
    return Sweep(sorted(set(records) - set(kept)), dict(sorted(objects.items())), kept)


def _since(mwaa: Mwaa | None, days: int | None) -> datetime:
    if days is not None or mwaa is None:
        return datetime.now(UTC) - timedelta(days=14 if days is None else days)
    query = {"state": ["running", "queued"], "order_by": "run_after", "limit": 1}
    runs = mwaa.ask("GET", "/dags/~/dagRuns", query)["dag_runs"]
    starts = [datetime.fromisoformat(run["start_date"] or run["queued_at"] or run["run_after"]) for run in runs]
    return min(starts, default=datetime.now(UTC))


def _live(log: list[Entry], since: datetime) -> list[str]:
    """Return the releases that were live at a moment or later; the log is newest first."""
    releases = []
    for entry in log:
        releases.append(entry.release)
        if entry.at <= since:
            break
    return releases


def _keys(record: Mapping[str, Any]) -> set[str]:
    return {*record["archives"], *(f"{KEPT_FILES}/{file['sha256']}" for file in record["files"].values())}


def sweep(bucket: Bucket, garbage: Sweep) -> None:
    """Delete what was found: records first, so that no rollback begins to what is half gone."""
    each(lambda release: bucket.delete(record_key(release)), garbage.releases)
    each(bucket.delete, garbage.objects)
