"""The bucket: what MWAA demands of it, and what deploys leave in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws.policies import listed, matches
from scripts.deploy.lock import holder
from scripts.doctor.cloud import Cloud
from scripts.doctor.finding import Finding, error, failed, ok, skipped, warning
from scripts.secrets.policy import partition

TEMPLATE = "infra/bucket.yaml"


def blocked(cloud: Cloud) -> Finding | None:
    """Return why nothing else of the bucket can be looked at."""
    return failed(cloud.region) if isinstance(cloud.region, ProjectError) else None


def _place(cloud: Cloud) -> Iterator[Finding]:
    name, wanted = cloud.bucket.name, cloud.case.environment.region
    if cloud.region in (None, wanted):
        yield ok(f"{name} is there, in {wanted}")
    else:
        fix = f'write region = "{cloud.region}", or name a bucket there'
        yield error(f"{name} is in {cloud.region}, not {wanted}, where MWAA looks for it", fix)


def _versions(cloud: Cloud) -> Iterator[Finding]:
    if cloud.bucket.versioned():
        yield ok("it keeps versions, by which MWAA names its files")
    else:
        command = f"aws s3api put-bucket-versioning --bucket {cloud.bucket.name}"
        fix = f"`{command} --versioning-configuration Status=Enabled`, or deploy {TEMPLATE}"
        yield error("it keeps no versions, which MWAA demands", fix)


def _public(cloud: Cloud) -> Iterator[Finding]:
    if cloud.case.rehearsal:
        yield skipped("the rehearsal's bucket is on loopback: no public access, key or policy to look at")
    elif cloud.bucket.closed():
        yield ok("it is closed to the public")
    else:
        yield error("it is not closed to the public, which MWAA demands", f"all four blocks, as in {TEMPLATE}")


def _key(cloud: Cloud) -> Iterator[Finding]:
    if cloud.case.rehearsal:
        return
    described = "" if cloud.no_environment else str(cloud.environment.get("KmsKey", ""))
    mwaa = cloud.case.environment.mwaa
    # A key of AWS's own has an alias, if it is told at all.
    wanted = described if ":key/" in described else mwaa.kms_key if mwaa else None
    key = cloud.bucket.key()
    if wanted and not (key and _same(cloud, key, wanted)):
        what = f"it encrypts with {key or 'a key of S3'}, the environment has {wanted}: MWAA demands the same"
        yield error(what, f"KmsKey={wanted} for {TEMPLATE}")
    else:
        yield ok(f"it encrypts with {key or 'a key of S3'}")


def _same(cloud: Cloud, key: str, wanted: str) -> bool:
    # A bucket may name its key by alias, id or ARN.
    known = (cloud.target.aws.key_arn(key) or key) if "alias/" in key else key
    return known.rpartition("/")[2] == wanted.rpartition("/")[2]


def _policy(cloud: Cloud) -> Iterator[Finding]:
    if cloud.case.rehearsal:
        return
    statements = cloud.bucket.policy()["Statement"]
    arn = f"arn:{partition(cloud.case.environment.region)}:s3:::{cloud.bucket.name}"
    if any(_only_tls(one, arn) for one in listed(statements)):
        yield ok("its policy refuses what comes without TLS")
    else:
        yield warning("its policy lets in what comes without TLS", f"the statement OnlyTls of {TEMPLATE}")


def _only_tls(statement: Mapping[str, Any], bucket: str) -> bool:
    unsafe = str(statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")).lower() == "false"
    every = matches(statement.get("Action", []), "s3:GetObject")
    everywhere = matches(statement.get("Resource", []), f"{bucket}/key")
    return statement["Effect"] == "Deny" and unsafe and every and everywhere


def _lock(cloud: Cloud) -> Iterator[Finding]:
    found = holder(cloud.bucket)
    if found and found.stale:
        fix = f"`mwaa unlock --env {cloud.case.name}`; the next deploy takes it over, too"
        yield warning(f"a deploy that is dead has left its lock: {found}", fix)
    elif found:
        yield ok(f"a deploy is under way: {found}")


def _pointer(cloud: Cloud) -> Iterator[Finding]:
    if isinstance(cloud.live, ProjectError):
        yield failed(cloud.live)
    elif cloud.live is None:
        yield warning("no release is live", f"`mwaa deploy --env {cloud.case.name}`")
    else:
        entry = cloud.live.entry
        since = f", since {entry.at:%Y-%m-%d %H:%M} UTC by {entry.by}" if entry else ""
        yield ok(f"release {cloud.live.release} is live{since}")


CHECKS = (_place, _versions, _public, _key, _policy, _lock, _pointer)
