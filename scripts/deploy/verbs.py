"""What the verbs do, without their printing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.console import step
from scripts.deploy.apply import Source, make_live
from scripts.deploy.back import go_back
from scripts.deploy.lock import locked
from scripts.deploy.plan import Plan, make_plan
from scripts.deploy.remote import look, read_record
from scripts.deploy.smoke import UnfitError, smoke
from scripts.deploy.update import COST, bring, running
from scripts.fingerprint import fingerprint
from scripts.paths import Paths
from scripts.release import describe
from scripts.release import read_record as read_build
from scripts.target import Target


def built(paths: Paths, environment: str) -> Source:
    """Return the build of an environment as a source to deploy.

    Raises:
        ProjectError: if it is missing, not whole, of another environment, or not that of the sources.
    """
    build = paths.build(environment)
    record = read_build(build)
    check_whole(build, record, environment)
    if record["sources"] != fingerprint(paths):
        raise ProjectError(
            "The build is not that of the sources: they have changed since.", str(build), _again(environment)
        )
    return Source(record, build)


def check_whole(build: Path, record: Mapping[str, Any], environment: str) -> None:
    """Make sure that a build is of an environment, and has every file of its record, unchanged.

    Raises:
        ProjectError: on the first that is not so.
    """
    if record["environment"] != environment:
        what = f"The build is of environment {record['environment']!r}."
        raise ProjectError(what, str(build), _again(environment))
    for part in ("files", "archives"):
        for key, file in record[part].items():
            if not (build / key).is_file() or describe(build / key).sha256 != file["sha256"]:
                what = f"The build is not whole: {key} is missing or changed."
                raise ProjectError(what, str(build / key), _again(environment))


def _again(environment: str) -> str:
    return f"run `mwaa build --env {environment}`"


def kept(target: Target, release: str) -> Source:
    """Return a stored release as a source to go back to.

    Raises:
        ProjectError: if there is no such release.
    """
    return Source(read_record(target.bucket, release))


def plan(target: Target, source: Source) -> tuple[Plan, list[str]]:
    """Return what a deploy would do: in the bucket, and of which files the environment needs another version."""
    _check_bucket(target)
    made = make_plan(source.record, look(target.bucket, source.record))
    mwaa = target.mwaa
    return made, running(mwaa, target.bucket).stale(source.record) if mwaa else []


def release(target: Target, source: Source, action: str, wait: float) -> tuple[Plan, list[str]]:
    """Make a release live, in the bucket and in the environment; return what was done.

    An environment that a deploy's update has left unfit is brought back to the release before; one that a rollback has
    is left so, since whoever asked for it wanted away from that.

    Args:
        target: where.
        source: a build, or a stored release.
        action: "deploy" or "rollback".
        wait: seconds to wait for another deploy to end.

    Raises:
        ProjectError: if it cannot be made live, or the environment does not fit it.
    """
    with step("plan"):
        made, stale = plan(target, source)
    if made.idle and not stale:
        return made, stale
    with locked(target.bucket, wait) as lock:
        made = make_live(target.bucket, source, lock, action)
        mwaa = target.mwaa
        updated = bring(mwaa, target.bucket, source.record) if mwaa and stale else []
        if mwaa and updated:
            try:
                smoke(mwaa, str(source.record["release"]))
            except UnfitError as error:
                raise go_back(target.bucket, mwaa, lock, error) if action == "deploy" else error from None
    return made, updated


def _check_bucket(target: Target) -> None:
    bucket, where = target.bucket, f"settings.toml, environments.{target.name}"
    region = bucket.region()
    if region not in (None, target.settings.region):
        raise ProjectError(
            f"Bucket {bucket.name} is in {region}, not {target.settings.region}, where MWAA would look for it.",
            f"{where}.region",
            f'write region = "{region}", or name a bucket there',
        )
    if not bucket.versioned():
        raise ProjectError(
            f"Bucket {bucket.name} keeps no versions, which MWAA demands.",
            f"{where}.bucket",
            f"aws s3api put-bucket-versioning --bucket {bucket.name} --versioning-configuration Status=Enabled, "
            "or deploy infra/bucket.yaml",
        )


def as_table(made: Plan, stale: list[str]) -> dict[str, Any]:
    """Return a plan for a machine."""
    return {**made.table, "environment": {"update": bool(stale), "files": stale, "cost": COST if stale else None}}
