"""`mwaa env clone`: how a running environment is made, as tables of settings.toml for another one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment
from mwaa_dbt.sizing import CLASSES
from scripts.aws import Aws
from scripts.aws.environment import LOGS, SETTINGS, VERSIONS
from scripts.aws.policies import Document, listed, matches, sources
from scripts.env.renamed import bring
from scripts.options import project_options

type Table = dict[str, Any]
# What becomes of each field of GetEnvironment that is no setting by itself. First settings of another shape.
TURNED = ("AirflowConfigurationOptions", "LoggingConfiguration", "NetworkConfiguration", "Tags")
AWS_SETS = (
    "Arn",
    "CeleryExecutorQueue",
    "CreatedAt",
    "DatabaseVpcEndpointService",
    "LastUpdate",
    "ServiceRoleArn",
    "Status",
    "WebserverUrl",
    "WebserverVpcEndpointService",
)
# Why the new environment has its own; what is in no list is told as not kept.
OWN = {
    "Name": "two environments of a region cannot share it",
    "AirflowVersion": "it is [project] airflow_version",
    "SourceBucketArn": "releases of two environments would overwrite one another",
    "DagS3Path": "`mwaa deploy` writes to dags",
    **{name: "`mwaa build` makes these files" for pair in VERSIONS.values() for name in pair},
}
# How it is where nobody has said anything.
USUAL = {"EndpointManagement": "SERVICE"}


@dataclass
class Copy:
    """The tables of a new environment; what was renamed, what cannot be kept, and what to mend elsewhere first."""

    tables: Table
    renamed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class New:
    """What the copy is to be: its names, the version of Airflow, and the environment whose warehouse it takes."""

    name: str
    bucket: str
    mwaa: str
    airflow: str
    region: str
    like: Table


def copy(described: Mapping[str, Any], new: New) -> Copy:
    """Return the settings of an environment that is as the described one.

    Args:
        described: GetEnvironment's answer.
        new: what is its own.
    """
    mwaa: Table = {"name": new.mwaa}
    mwaa |= {key: described[name] for key, name in SETTINGS.items() if described.get(name) is not None}
    if "kms_key" in mwaa:
        mwaa["kms_key"] = key_arn(str(mwaa["kms_key"]), str(described["Arn"]))
    if tags := {key: value for key, value in (described.get("Tags") or {}).items() if not key.startswith("aws:")}:
        mwaa["tags"] = tags
    if logs := dict(_logs(described.get("LoggingConfiguration") or {})):
        mwaa["logs"] = logs
    place = described.get("NetworkConfiguration") or {}
    network = {"subnets": list(place.get("SubnetIds", [])), "security_groups": list(place.get("SecurityGroupIds", []))}
    mapped = bring(described.get("AirflowConfigurationOptions") or {}, str(described["AirflowVersion"]), new.airflow)
    # What the one to be like has beside the MWAA environment: secrets, warehouse, Slack, tasks, connections.
    rest = {key: value for key, value in new.like.items() if key not in ("mwaa", "network", "airflow", "alarms")}
    tables = {**rest, "region": new.region, "bucket": new.bucket, "mwaa": mwaa, "network": network}
    if mapped.options:
        tables["airflow"] = mapped.options
    lost = [*mapped.lost, *_lost(described)]
    if described.get("EnvironmentClass") not in CLASSES:
        lost.append(f"EnvironmentClass {mwaa.pop('environment_class', None)}: this project does not know it")
    return Copy(tables, mapped.renamed, lost)


def _logs(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, log in LOGS.items():
        if one := described.get(log.field):
            yield key, str(one.get("LogLevel", "INFO")) if one.get("Enabled") else "OFF"


def _lost(described: Mapping[str, Any]) -> Iterator[str]:
    known = {*SETTINGS.values(), *TURNED, *AWS_SETS, *OWN}
    for name, value in described.items():
        if name not in known and value and value != USUAL.get(name):
            yield f"{name} = {json.dumps(value, default=str)}: infra/environment.yaml does not know it"


def own(described: Mapping[str, Any]) -> list[str]:
    """Return what the new environment has of its own, with the reason."""
    return [f"{name} = {described[name]}: {why}" for name, why in OWN.items() if described.get(name)]


def without_ours(tables: Table, environment: Environment, airflow: str) -> Table:
    """Return tables without the options that this project sets by itself to the same value."""
    plain = environment._replace(airflow={})
    ours = project_options(plain, airflow)
    options = {name: value for name, value in tables.get("airflow", {}).items() if ours.get(name) != value}
    rest = {key: value for key, value in tables.items() if key != "airflow"}
    return {**rest, "airflow": options} if options else rest


def key_arn(key: str, environment: str) -> str:
    """Return the ARN of a key that GetEnvironment may tell by its id."""
    if key.startswith("arn:"):
        return key
    _, partition, _, region, account, _ = environment.split(":", 5)
    return f"arn:{partition}:kms:{region}:{account}:key/{key.removeprefix('key/')}"


def warnings(described: Mapping[str, Any], tables: Table, new: New, aws: Aws) -> list[str]:
    """Return what was made for the old environment, and must let in the new one or be left out."""
    arn = str(described["Arn"]).rpartition("/")[0] + f"/{new.mwaa}"
    looked: list[str | None] = []
    if "secrets.backend_kwargs" in tables.get("airflow", {}):
        looked.append(
            "option secrets.backend_kwargs says where Airflow looks for secrets, as in the old environment; without "
            "that line it looks where `mwaa secrets push` puts them"
        )
    if role := described.get("ExecutionRoleArn"):
        looked.append(
            f"role {role}: it must be allowed bucket {new.bucket}, log groups airflow-{new.mwaa}-* and the rest of "
            "ExecutionRole in infra/environment.yaml; without the line `role` one is made that is"
        )
        looked.append(_warning(f"role {role}", "trust policy", _trust(aws, str(role)), arn))
    if key := described.get("KmsKey"):
        looked.append(_warning(f"KMS key {key}", "key policy", aws.key_policy(str(key)), arn))
    return [text for text in looked if text]


def _trust(aws: Aws, role: str) -> Document | None:
    try:
        # IAM asks for the name, without the path that the ARN has.
        return aws.iam.trust(role.rpartition("/")[2])
    except ProjectError:
        return None


def _warning(what: str, name: str, policy: Document | None, arn: str) -> str | None:
    if policy is None:
        return f"{what}: its {name} could not be read; if it names the old environment in aws:SourceArn, add {arn}"
    named = [source for source in sources(listed(policy["Statement"])) if ":airflow:" in source]
    if not named or matches(named, arn):
        return None
    return f"{what}: its {name} lets in {', '.join(named)} only; add {arn} to aws:SourceArn there"
