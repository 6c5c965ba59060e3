"""What is looked at before anything is made or changed: a mistake told now is one not told in half an hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.tables import suggestion
from scripts.console import err
from scripts.doctor import sizing
from scripts.doctor.case import read_case
from scripts.env import versions
from scripts.env.site import Site
from scripts.plausible import doubts

ACCOUNT = 4  # the place of the account in arn:partition:service:region:account:resource


def check_settings(site: Site) -> None:
    """Raise ProjectError for the first setting that MWAA would refuse; advise on a class that is too small.

    Calls AWS for the account's number and the subnets, and changes nothing.
    """
    _region(site)
    versions.check_offered(site.project.airflow_version, site.source.where(("project", "airflow_version")))
    _forms(site)
    _accounts(site)
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


def _forms(site: Site) -> None:
    for one in doubts(site.settings, site.project.airflow_version):
        raise ProjectError(f"Wrong value: {one.what}.", site.where(*one.path), one.fix)


def _accounts(site: Site) -> None:
    for key, value in (("role", site.wanted.role), ("kms_key", site.wanted.kms_key)):
        if value and (found := value.split(":")[ACCOUNT]) != site.account:
            what = f"Wrong value: {value!r} is of account {found}, the credentials are of {site.account}."
            raise ProjectError(what, site.where("mwaa", key), "mend one of the two")


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
