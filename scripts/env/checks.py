"""What is looked at before anything is made or changed: a mistake told now is one not told in half an hour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.aws.shapes import Shapes
from scripts.console import err
from scripts.doctor import sizing
from scripts.doctor.case import read_case
from scripts.env import versions
from scripts.env.site import Site

# Which setting a field of MWAA's API is: its own model says what that may be.
FIELDS = {
    "Name": ("mwaa", "name"),
    "WebserverAccessMode": ("mwaa", "access"),
    "WeeklyMaintenanceWindowStart": ("mwaa", "maintenance"),
    "ExecutionRoleArn": ("mwaa", "role"),
    "KmsKey": ("mwaa", "kms_key"),
    "Tags": ("mwaa", "tags"),
    "NetworkConfiguration.SubnetIds": ("network", "subnets"),
    "NetworkConfiguration.SecurityGroupIds": ("network", "security_groups"),
}
# A fault in the words of scripts/aws/shapes.py: where it is, and what the value must.
FAULT = re.compile(r".* at '(?P<path>[^']*)' failed to satisfy constraint: Member must (?P<rule>.*)", re.DOTALL)
# What settings.toml leaves out is the template's to fill in.
LEFT_OUT = "not be null"
# The parts of an ARN: arn:partition:service:region:account:resource.
REGION, ACCOUNT = 3, 4


def check_settings(site: Site) -> None:
    """Raise ProjectError for the first setting that MWAA would refuse; advise on a class that is too small.

    Calls AWS for the account's number and the subnets, and changes nothing.
    """
    _region(site)
    versions.check_offered(site.project.airflow_version, site.source.where(("project", "airflow_version")))
    _fields(site)
    _access(site)
    _arns(site)
    _subnets(site)
    _size(site)


def _region(site: Site) -> None:
    region, known = site.settings.region, site.target.aws.regions()
    if region not in known:
        raise ProjectError(
            f"There is no MWAA in {region!r}, as far as this version of boto3 knows.{suggestion(region, known)}",
            site.where("region"),
            "mend it; if AWS has newly opened it, renew boto3 in pyproject.toml",
        )


def _fields(site: Site) -> None:
    values = {field: _plain(_setting(site, path)) for field, path in FIELDS.items()}
    request: dict[str, Any] = {}
    for name, value in values.items():
        table, _, key = name.rpartition(".")
        if value:
            (request.setdefault(table, {}) if table else request)[key] = value
    for text in Shapes().request("CreateEnvironment", request):
        found = FAULT.fullmatch(text)
        field = next((one for one in FIELDS if found and f"{found['path']}.".startswith(f"{one}.")), None)
        if found and field and found["rule"] != LEFT_OUT:
            what = f"Wrong value {values[field]!r}: MWAA wants it to {found['rule']}."
            raise ProjectError(what, site.where(*FIELDS[field]), "mend it")


def _setting(site: Site, path: tuple[str, str]) -> Any:
    table, key = path
    return getattr(getattr(site.settings, table), key, None)


def _plain(value: Any) -> Any:
    """Return a setting as JSON has it."""
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value


def _access(site: Site) -> None:
    airflow = site.project.airflow_version
    if site.wanted.access == "PUBLIC_AND_PRIVATE" and versions.number(airflow)[:2] < versions.BOTH_WAYS:
        raise ProjectError(
            f"Airflow {airflow} has no PUBLIC_AND_PRIVATE: MWAA has it from 3.2 on.",
            site.where("mwaa", "access"),
            'write "PUBLIC_ONLY" or "PRIVATE_ONLY"',
        )


def _arns(site: Site) -> None:
    for key, value in (("role", site.wanted.role), ("kms_key", site.wanted.kms_key)):
        if not value:
            continue
        parts = value.split(":")
        if key == "kms_key" and (len(parts) <= ACCOUNT or "key/" not in value):
            text, fix = "MWAA takes a key's ARN here, no alias", "`aws kms describe-key --key-id …` shows it"
        elif key == "kms_key" and parts[REGION] != site.settings.region:
            text, fix = (
                f"it is of {parts[REGION]}, the environment of {site.settings.region}",
                "name one of that region",
            )
        elif parts[ACCOUNT] != site.account:
            text, fix = f"it is of account {parts[ACCOUNT]}, the credentials of {site.account}", "mend one of the two"
        else:
            continue
        raise ProjectError(f"Wrong value {value!r}: {text}.", site.where("mwaa", key), fix)


def _subnets(site: Site) -> None:
    given = site.settings.network
    if not (given and given.subnets):
        return
    first, second = site.target.aws.ec2.subnets(given.subnets)
    where = site.where("network", "subnets")
    if first.zone == second.zone:
        raise ProjectError(
            f"Both subnets are in zone {first.zone}; MWAA wants two zones.", where, "name one of another zone"
        )
    if first.vpc != second.vpc:
        raise ProjectError(
            f"The subnets are in two VPCs, {first.vpc} and {second.vpc}.", where, "name two of the same one"
        )


def _size(site: Site) -> None:
    case = read_case(site.paths, site.name)
    for one in (finding for check in sizing.CHECKS for finding in check(case)):
        if one.state == "error":
            raise ProjectError(f"{one.what}.", site.where("mwaa"), one.fix)
        if one.state == "warning":
            err.print(f"[yellow]![/] {escape(one.what)}\n  [bold]fix:[/] {escape(one.fix)}")


def check_fixed(site: Site, described: Mapping[str, Any]) -> None:
    """Raise ProjectError if settings.toml wants to change what MWAA cannot change of an environment that is there."""
    network, key = described.get("NetworkConfiguration", {}), str(described.get("KmsKey") or "")
    wanted = site.settings.network.subnets if site.settings.network else ()
    if wanted and set(wanted) != set(network.get("SubnetIds", [])):
        raise _fixed("subnets", network.get("SubnetIds"), site.where("network", "subnets"))
    if (site.wanted.kms_key or "").rpartition("/")[2] != key.rpartition("/")[2]:
        raise _fixed("KMS key", key or "AWS's own", site.where("mwaa", "kms_key"))
    versions.check_jump(
        str(described.get("AirflowVersion")),
        site.project.airflow_version,
        site.source.where(("project", "airflow_version")),
    )


def _fixed(what: str, now: object, where: str) -> ProjectError:
    return ProjectError(
        f"MWAA cannot change the {what} of an environment that is there: {now}.",
        where,
        "write that again; or make another environment with it (`mwaa env clone`), and delete this one",
    )
