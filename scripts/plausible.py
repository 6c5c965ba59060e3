"""Settings that MWAA or S3 would refuse by their form, found before anybody is asked.

MWAA's fields are judged by botocore's own model of its API. What that does not know stands here (MWAA user guide,
custom-keys-certs and configuring-networking; S3's bucket naming rules).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mwaa_dbt.settings import Environment, Mwaa
from scripts.aws.shapes import Shapes
from scripts.versions import number

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
KEY = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):\d{12}:key/(?P<id>[A-Za-z0-9-]+)")
BOTH = (3, 2)  # the first Airflow whose web server MWAA puts into both networks
# Field of CreateEnvironment → setting, and what to write there.
FIELDS: dict[str, tuple[tuple[str, str], str]] = {
    "Name": (("mwaa", "name"), "a letter, then letters, digits, hyphens and underscores, 80 characters at most"),
    "WebserverAccessMode": (("mwaa", "access"), "PUBLIC_ONLY or PRIVATE_ONLY"),
    "WeeklyMaintenanceWindowStart": (("mwaa", "maintenance"), 'day and half hour, UTC, such as "SUN:03:30"'),
    "ExecutionRoleArn": (("mwaa", "role"), "arn:aws:iam::<account>:role/<name>"),
    "Tags": (("mwaa", "tags"), "1 to 50 tags, each a text in quotes"),
    "NetworkConfiguration.SubnetIds": (("network", "subnets"), "two private ones, in two zones"),
    "NetworkConfiguration.SecurityGroupIds": (("network", "security_groups"), "one to five"),
}
# A fault in the words of scripts/aws/shapes.py: where it is, and what the value must.
FAULT = re.compile(r".* at '(?P<path>[^']*)' failed to satisfy constraint: Member must (?P<rule>.*)", re.DOTALL)
# What settings.toml leaves out is the template's to fill in.
LEFT_OUT = "not be null"


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
    yield from _refused(environment)
    if environment.mwaa:
        yield from _beyond(environment.mwaa, environment.region, airflow)


def _refused(environment: Environment) -> Iterator[Doubt]:
    """Yield what the API's own model speaks against, of each setting the first."""
    told = set[str]()
    values = {field: _plain(environment, path) for field, (path, _) in FIELDS.items()}
    for text in Shapes().request("CreateEnvironment", _request(values)):
        found = FAULT.fullmatch(text)
        field = next((one for one in FIELDS if found and f"{found['path']}.".startswith(f"{one}.")), None)
        if found and field and field not in told and found["rule"] != LEFT_OUT:
            told.add(field)
            path, form = FIELDS[field]
            yield Doubt(path, f"{values[field]!r}: MWAA wants it to {found['rule']}", f"write {form}")


def _plain(environment: Environment, path: tuple[str, str]) -> Any:
    """Return a setting as JSON has it; None if it is left out."""
    value = getattr(getattr(environment, path[0]), path[1], None)
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value


def _request(values: Mapping[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {}
    for name, value in values.items():
        table, _, key = name.rpartition(".")
        if value:
            (request.setdefault(table, {}) if table else request)[key] = value
    return request


def _beyond(mwaa: Mwaa, region: str, airflow: str) -> Iterator[Doubt]:
    """Yield what the model lets pass, and MWAA does not."""
    if mwaa.kms_key and (what := _key(mwaa.kms_key, region)):
        yield Doubt(("mwaa", "kms_key"), f"{mwaa.kms_key!r} {what}", f"write arn:aws:kms:{region}:<account>:key/<id>")
    if mwaa.access == "PUBLIC_AND_PRIVATE" and number(airflow) < BOTH:
        what = f"access PUBLIC_AND_PRIVATE came with Airflow 3.2; this is {airflow}"
        yield Doubt(("mwaa", "access"), what, "write PUBLIC_ONLY or PRIVATE_ONLY")


def _key(arn: str, region: str) -> str | None:
    found = KEY.fullmatch(arn)
    if found is None:
        return "is no key's ARN; MWAA takes no alias"
    if found["id"].startswith("mrk-"):
        return "is a multi-Region key, which MWAA does not take"
    return None if found["region"] == region else f"is not in {region}"
