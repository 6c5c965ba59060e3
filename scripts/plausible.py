"""Settings that MWAA, S3 or IAM would refuse by their form, found before anybody is asked.

The forms are those of the services' own APIs (botocore: mwaa/2020-07-01, S3's rules of bucket naming).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mwaa_dbt.settings import Environment, Mwaa

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,79}")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
KEY = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):\d{12}:key/(?P<id>[A-Za-z0-9-]+)")
WINDOW = re.compile(r"(MON|TUE|WED|THU|FRI|SAT|SUN):([01]\d|2[0-3]):(00|30)")
SUBNETS, GROUPS = 2, 5
BOTH = (3, 2)  # the first Airflow whose web server MWAA puts into both networks


class Doubt(NamedTuple):
    """A setting, as table and key, what is wrong with it, and what to write."""

    path: tuple[str, ...]
    what: str
    fix: str


def doubts(environment: Environment, airflow: str) -> Iterator[Doubt]:
    """Yield what is wrong with the names and ARNs of an environment on a version of Airflow."""
    if not REGION.fullmatch(environment.region):
        yield Doubt(("region",), f"{environment.region!r} is no region", 'write one such as "eu-central-1"')
    if not BUCKET.fullmatch(environment.bucket):
        form = "3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit"
        yield Doubt(("bucket",), f"{environment.bucket!r} is no name of a bucket", f"write {form}")
    if environment.mwaa:
        yield from _mwaa(environment.mwaa, environment.region, airflow)
    yield from _network(environment)


def _mwaa(mwaa: Mwaa, region: str, airflow: str) -> Iterator[Doubt]:
    if not NAME.fullmatch(mwaa.name):
        form = "a letter, then letters, digits, hyphens and underscores, 80 characters at most"
        yield Doubt(("mwaa", "name"), f"{mwaa.name!r} is no name of an environment", f"write {form}")
    if mwaa.role and not ROLE.fullmatch(mwaa.role):
        yield Doubt(("mwaa", "role"), f"{mwaa.role!r} is no role's ARN", "write arn:aws:iam::<account>:role/<name>")
    if mwaa.kms_key and (what := _key(mwaa.kms_key, region)):
        fix = f"write arn:aws:kms:{region}:<account>:key/<id>"
        yield Doubt(("mwaa", "kms_key"), f"{mwaa.kms_key!r} {what}", fix)
    if mwaa.maintenance and not WINDOW.fullmatch(mwaa.maintenance):
        what = f"{mwaa.maintenance!r} is no beginning of a maintenance window"
        yield Doubt(("mwaa", "maintenance"), what, 'write day and half hour, UTC, such as "SUN:03:30"')
    if mwaa.access == "PUBLIC_AND_PRIVATE" and _number(airflow) < BOTH:
        what = f"access PUBLIC_AND_PRIVATE came with Airflow 3.2; this is {airflow}"
        yield Doubt(("mwaa", "access"), what, "write PUBLIC_ONLY or PRIVATE_ONLY")


def _key(arn: str, region: str) -> str | None:
    found = KEY.fullmatch(arn)
    if found is None:
        return "is no key's ARN; MWAA takes no alias"
    if found["id"].startswith("mrk-"):
        return "is a multi-Region key, which MWAA does not take"
    return None if found["region"] == region else f"is not in {region}"


def _network(environment: Environment) -> Iterator[Doubt]:
    network = environment.network
    if network and network.subnets and len(set(network.subnets)) != SUBNETS:
        what = f"MWAA takes two subnets, not {len(set(network.subnets))}"
        yield Doubt(("network", "subnets"), what, "name two private ones, in two zones")
    if network and len(network.security_groups) > GROUPS:
        what = f"MWAA takes {GROUPS} security groups at most, not {len(network.security_groups)}"
        yield Doubt(("network", "security_groups"), what, "name fewer")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
