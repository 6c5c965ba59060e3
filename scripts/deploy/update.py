"""The MWAA environment brought to the files of a release: only where their content differs, since it takes long."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Bucket, Mwaa
from scripts.aws.environment import VERSIONS
from scripts.console import Notes, step
from scripts.deploy.remote import content, each

COST = "10 to 30 minutes; containers are replaced, running tasks end first (GRACEFUL)"
STEADY = ("AVAILABLE", "UPDATE_FAILED")
LOST = ("UNAVAILABLE", "CREATE_FAILED", "DELETING", "DELETED")
LIMIT = 2 * 3600.0  # seconds
SLOWEST = 15.0  # seconds between two looks


@dataclass(frozen=True)
class Running:
    """An environment as MWAA describes it: its status, and file → SHA-256 of what its containers started with."""

    status: str
    files: Mapping[str, str | None]
    described: Mapping[str, Any]

    def stale(self, record: Mapping[str, Any]) -> list[str]:
        """Return the files of a release that the environment does not run."""
        return [name for name in VERSIONS if self.files.get(name) != record["files"][name]["sha256"]]


def running(mwaa: Mwaa, bucket: Bucket) -> Running:
    """Return what an environment runs.

    Raises:
        ProjectError: if it reads another bucket.
    """
    described = mwaa.describe()
    arn = str(described.get("SourceBucketArn", ""))
    if arn.rsplit(":", 1)[-1] != bucket.name:
        raise ProjectError(
            f"Environment {mwaa.name} reads {arn or 'no bucket'}, not {bucket.name}.",
            "settings.toml, bucket and mwaa.name",
            "mend one of the two",
        )
    digests = each(lambda name: _content(bucket, described, name), VERSIONS)
    return Running(str(described["Status"]), dict(zip(VERSIONS, digests, strict=True)), described)


def _content(bucket: Bucket, described: Mapping[str, Any], name: str) -> str | None:
    path, version = (described.get(field) for field in VERSIONS[name])
    return content(bucket, path, version) if path == name and version else None


def bring(mwaa: Mwaa, bucket: Bucket, record: Mapping[str, Any]) -> list[str]:
    """Bring an environment to the files of a release and return which it lacked; an update under way is awaited.

    Raises:
        ProjectError: if MWAA refuses the update, rolls it back, or does not end it in time.
    """
    if not _steady(mwaa.describe()):
        with step(f"an update of {mwaa.name} that is under way") as notes:
            await_steady(mwaa, notes)
    stale = running(mwaa, bucket).stale(record)
    if not stale:
        return []
    heads = each(bucket.head, stale)
    versions = {name: head.version for name, head in zip(stale, heads, strict=True) if head and head.version}
    if len(versions) < len(stale):
        raise ProjectError(
            "The bucket keeps no versions.", f"s3://{bucket.name}", "switch versioning on: MWAA demands it"
        )
    with step(f"update of {mwaa.name} for {', '.join(stale)}") as notes:
        mwaa.update(versions)
        _judge(mwaa.name, await_steady(mwaa, notes))
    return stale


def await_steady(mwaa: Mwaa, notes: Notes) -> Mapping[str, Any]:
    """Return an environment's description once no update is under way.

    Raises:
        ProjectError: if the environment is lost, or the update does not end in time.
    """
    begun, pause = time.monotonic(), 1.0
    while not _steady(described := mwaa.describe()):
        seconds = time.monotonic() - begun
        notes.now(f"MWAA environment {mwaa.name}: {described['Status']}, {seconds / 60:.0f} min")
        if described["Status"] in LOST or seconds > LIMIT:
            raise ProjectError(
                f"The environment is {described['Status']} after {seconds / 60:.0f} min.",
                f"environment {mwaa.name}",
                "look at it in the MWAA console, then run `mwaa deploy` again: it goes on from here",
            )
        time.sleep(pause := min(pause * 1.2, SLOWEST))
    return described


def _steady(described: Mapping[str, Any]) -> bool:
    # The status alone may still be that of before the update.
    return described["Status"] in STEADY and described.get("LastUpdate", {}).get("Status") != "PENDING"


def _judge(name: str, described: Mapping[str, Any]) -> None:
    last = described.get("LastUpdate", {})
    if described["Status"] == "AVAILABLE" and last.get("Status", "SUCCESS") == "SUCCESS":
        return
    error = last.get("Error", {})
    raise ProjectError(
        f"MWAA rolled the update back: {error.get('ErrorCode', '')} {error.get('ErrorMessage', 'without a reason')}. "
        "The containers of before run on, with the release of before.",
        f"environment {name}, log streams startup_script_execution… and requirements_install…",
        "mend what they name and deploy again, or `mwaa rollback`",
    )
