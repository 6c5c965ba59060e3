"""The MWAA environment that a verb works on, and why it cannot be reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.sizing import is_2
from mwaa_dbt.tables import suggestion
from scripts.airflow.rest import Airflow
from scripts.airflow.ways import Ways
from scripts.aws import Aws, AwsError, Bucket, Mwaa
from scripts.aws.environment import LOGS
from scripts.deploy.update import LOST
from scripts.env.containers import group
from scripts.paths import Paths, find_project
from scripts.target import Target, find_target

# Without a web server; in any other state it answers, if perhaps not at each moment.
CLOSED = ("CREATING", *LOST)
PRIVATE = "PRIVATE_ONLY"
ARN = re.compile(r":log-group:([^:]+)")


@dataclass(frozen=True)
class Environment:
    """An environment with what GetEnvironment says of it; `name` is its table in settings.toml."""

    name: str
    aws: Aws
    mwaa: Mwaa
    described: Mapping[str, Any]

    @property
    def bucket(self) -> Bucket:
        """The bucket that its DAGs come from."""
        return self.aws.bucket(str(self.described["SourceBucketArn"]).rpartition(":")[2])

    @property
    def dags(self) -> str:
        """The prefix of its DAGs in the bucket, without a slash at its end."""
        return str(self.described["DagS3Path"]).strip("/")

    @property
    def version(self) -> str:
        """Its version of Airflow."""
        return str(self.described["AirflowVersion"])

    @property
    def is_2(self) -> bool:
        """Whether that is one of Airflow 2."""
        return is_2(self.version)

    def logging(self, log: str) -> Mapping[str, Any]:
        """Return what MWAA says of one of its logs, a name of LOGS: Enabled, LogLevel, CloudWatchLogGroupArn."""
        logs: Mapping[str, Any] = self.described.get("LoggingConfiguration") or {}
        return dict(logs.get(LOGS[log].field) or {})

    def log_group(self, log: str) -> str:
        """Return the name of the log group of one of its logs."""
        named = ARN.search(str(self.logging(log).get("CloudWatchLogGroupArn", "")))
        return named[1] if named else group(self.mwaa.name, LOGS[log].group)

    @cached_property
    def airflow(self) -> Airflow:
        """Its Airflow."""
        logs = f"mwaa logs {{dag}} {{task}} --run {{run}} --env {self.name}"
        return Airflow(Ways(self.mwaa, self.is_2, self.closed).send, self.version, logs)

    def closed(self, error: ProjectError) -> ProjectError:
        """Return an error of a call with what the environment itself has to do with it.

        MWAA lets a private web server be reached from its VPC alone, InvokeRestApi included.
        """
        notes, fix = [], error.fix
        if self.described.get("WebserverAccessMode") == PRIVATE:
            notes.append(f"The web server of {self.mwaa.name} is private ({PRIVATE}): only its VPC reaches it.")
            fix = f"run it inside that VPC, or through a VPN into it; from there: {error.fix}"
        status = str(self.described["Status"])
        if status != "AVAILABLE":
            notes.append(f"{self.mwaa.name} is {status}.")
        return ProjectError(" ".join((error.what, *notes)), error.where, fix) if notes else error


def find_environment(name: str, paths: Paths | None = None) -> Environment:
    """Return an environment of settings.toml whose web server can be asked.

    Args:
        name: its table.
        paths: the project; that of the working directory if None.

    Raises:
        ProjectError: if settings.toml or AWS knows no such environment, or it has no web server now.
    """
    target = find_target(paths or find_project(), name)
    mwaa = target.mwaa
    if mwaa is None:
        raise ProjectError(
            f"Environment {name!r} names no MWAA environment.",
            f"settings.toml, environments.{name}.mwaa",
            f'add [environments.{name}.mwaa] with its `name = "…"`',
        )
    try:
        described = mwaa.describe()
    except AwsError as error:
        raise _absent(target, mwaa.name) if error.absent else error from None
    wait, status = f"`mwaa env wait --env {name}`", f"`mwaa env status --env {name}` tells why"
    refuse_closed(described, target.aws, wait if described["Status"] == "CREATING" else status)
    return Environment(name, target.aws, mwaa, described)


def refuse_closed(described: Mapping[str, Any], aws: Aws, fix: str) -> None:
    """Raise ProjectError for an environment that has no web server now."""
    if (status := described["Status"]) in CLOSED:
        what = f"{described['Name']} is {status}: it has no web server to ask."
        raise ProjectError(what, f"MWAA, {aws.region}", fix)


def known_in(aws: Aws) -> list[str]:
    """Return the names of a region's environments, or none if that may not be asked."""
    try:
        return aws.environments()
    except AwsError:
        return []


def _absent(target: Target, name: str) -> ProjectError:
    known = known_in(target.aws)
    region = target.aws.region
    there = f"MWAA has there: {', '.join(known)}" if known else "mend it"
    return ProjectError(
        f"There is no MWAA environment {name!r} in {region}.{suggestion(name, known)}",
        f"settings.toml, environments.{target.name}: mwaa.name and region",
        f"{there}; or make it: `mwaa env create --env {target.name}`",
    )
