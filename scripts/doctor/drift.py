"""The bucket's objects against the live release, and the build here against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mwaa_dbt.errors import ProjectError
from scripts.deploy.drift import find_drift
from scripts.deploy.remote import LOG
from scripts.doctor.cloud import Cloud
from scripts.doctor.finding import Finding, error, ok, skipped, warning
from scripts.history.text import first

SHOWN = 5  # keys in one line


def blocked(cloud: Cloud) -> Finding | None:
    """Return why there is nothing to compare with."""
    if isinstance(cloud.live, ProjectError):
        return skipped("not looked at: the live release could not be")
    return skipped("not looked at: no release is live") if cloud.live is None else None


def _objects(cloud: Cloud) -> Iterator[Finding]:
    # What the containers started with is looked at with the environment.
    bucket_only = cloud.target.settings._replace(mwaa=None)
    found = find_drift(replace(cloud.target, settings=bucket_only))
    fix = f"`mwaa deploy --env {cloud.case.name}` puts it right"
    for keys, what in ((found.missing, "missing"), (found.changed, "changed by other hands")):
        if keys:
            yield error(f"{what} in the bucket: {first(keys, SHOWN)}", fix)
    if found.extra:
        yield warning(
            f"in the bucket, of no release: {first(found.extra, SHOWN)}", "delete them, or leave them: they are yours"
        )
    if not (found.missing or found.changed):
        yield ok(f"the bucket has release {found.release} as it was deployed")


def _build(cloud: Cloud) -> Iterator[Finding]:
    build, live = cloud.case.build, cloud.live
    if isinstance(build, ProjectError) or live is None or isinstance(live, ProjectError):
        return
    if build.release == live.release:
        yield ok("the build here is the live release")
        return
    before = any(key.endswith(f"-{build.release}.json") for key in cloud.bucket.objects(LOG))
    known = "was live before" if before else "was never live"
    yield ok(
        f"the build here, {build.release}, {known}: `mwaa plan --env {cloud.case.name}` tells what a deploy changes"
    )


CHECKS = (_objects, _build)
