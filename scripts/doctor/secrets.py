"""The declared secrets in Secrets Manager, without Airflow and without a login (`mwaa secrets check` has both)."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.deploy.remote import each
from scripts.doctor.cloud import Cloud
from scripts.doctor.finding import Finding, error, ok, warning
from scripts.secrets import check, diff
from scripts.secrets.declared import declared


def blocked(_: Cloud) -> Finding | None:
    """Return nothing: secrets are asked for one by one."""
    return None


def _stored(cloud: Cloud) -> Iterator[Finding]:
    environment = cloud.case.environment
    items = declared(cloud.case.name, environment)
    strangers = diff.undeclared(cloud.target.aws.secrets, environment, items) or []
    own = check.Checker(cloud.case.paths, cloud.target, cloud.case.airflow, strangers)
    for found in each(own.look, items):
        yield from _told(found)


def _told(found: check.Finding) -> Iterator[Finding]:
    name = found.item.name
    for fault in found.faults:
        if check.DENIED in found.notes:
            yield warning(f"{name} was not looked at: {fault.what}", fault.fix)
        else:
            yield error(f"{name}: {fault.what}", fault.fix)
    if not found.faults:
        yield ok(" · ".join((f"{name} is as settings.toml says", *found.notes)))


CHECKS = (_stored,)
