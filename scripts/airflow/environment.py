"""The MWAA environment that a verb works on, and why it cannot be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.sizing import is_2
from mwaa_dbt.tables import suggestion
from scripts.airflow.rest import Airflow
from scripts.airflow.ways import Ways
from scripts.aws import AwsError, Mwaa
from scripts.deploy.update import LOST
from scripts.paths import find_project
from scripts.target import Target, find_target

# Without a web server; in any other state it answers, if perhaps not at each moment.
CLOSED = ("CREATING", *LOST)
PRIVATE = "PRIVATE_ONLY"


@dataclass(frozen=True)
class Environment:
    """An environment of settings.toml with what GetEnvironment says of it."""

    target: Target
    mwaa: Mwaa
    described: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its table in settings.toml."""
        return self.target.name

    @property
    def version(self) -> str:
        """Its version of Airflow."""
        return str(self.described["AirflowVersion"])

    @property
    def is_2(self) -> bool:
        """Whether that is one of Airflow 2."""
        return is_2(self.version)

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


def find_environment(name: str) -> Environment:
    """Return an environment of settings.toml whose web server can be asked.

    Raises:
        ProjectError: if settings.toml or AWS knows no such environment, or it has no web server now.
    """
    target = find_target(find_project(), name)
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
    if (status := described["Status"]) in CLOSED:
        wait = f"`mwaa env wait --env {name}`" if status == "CREATING" else f"`mwaa env status --env {name}` tells why"
        raise ProjectError(f"{mwaa.name} is {status}: it has no web server to ask.", f"MWAA, {target.aws.region}", wait)
    return Environment(target, mwaa, described)


def _absent(target: Target, name: str) -> ProjectError:
    try:
        known = target.aws.environments()
    except AwsError:
        known = []
    region = target.aws.region
    there = f"MWAA has there: {', '.join(known)}" if known else "mend it"
    return ProjectError(
        f"There is no MWAA environment {name!r} in {region}.{suggestion(name, known)}",
        f"settings.toml, environments.{target.name}: mwaa.name and region",
        f"{there}; or make it: `mwaa env create --env {target.name}`",
    )
