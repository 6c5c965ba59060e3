"""An environment as settings.toml wants it, the stacks that make it up, and AWS to make them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import REHEARSAL, Environment, Mwaa, Project, load
from mwaa_dbt.tables import Source
from scripts import aws
from scripts.aws.environment import VERSIONS
from scripts.aws.stacks import Stack, Stacks, Wish
from scripts.config import read_config
from scripts.deploy.remote import each
from scripts.env.parameters import filled, known, rendered
from scripts.paths import Paths
from scripts.secrets.policy import policy
from scripts.target import Target, find_target

type Kind = Literal["bucket", "network", "environment", "monitoring"]
# In the order of their making.
KINDS: tuple[Kind, ...] = ("bucket", "network", "environment", "monitoring")
# Which parameter takes the object version of a file.
FILES = {"requirements.txt": "RequirementsVersion", "plugins.zip": "PluginsVersion", "startup.sh": "StartupVersion"}
# What stands for subnets and their VPC in a plan, before the network is there.
UNKNOWN = {"Subnets": "subnet-00000000,subnet-11111111", "VpcId": "vpc-00000000"}


@dataclass(frozen=True)
class Site:
    """One environment of settings.toml with an MWAA environment to be made, changed or looked at."""

    paths: Paths
    target: Target
    project: Project
    source: Source

    @property
    def name(self) -> str:
        """Its name in settings.toml."""
        return self.target.name

    @property
    def settings(self) -> Environment:
        """Its settings."""
        return self.target.settings

    @property
    def wanted(self) -> Mwaa:
        """How the MWAA environment is to be."""
        return self.settings.mwaa or Mwaa("")

    @cached_property
    def mwaa(self) -> aws.Mwaa:
        """The MWAA environment, whether it is there or not."""
        return self.target.aws.environment(self.wanted.name)

    @cached_property
    def stacks(self) -> Stacks:
        """The region's stacks."""
        return self.target.aws.stacks

    def where(self, *path: str) -> str:
        """Say where a setting of the environment stands."""
        return self.source.where(("environments", self.name, *path))

    def stack(self, kind: Kind) -> str:
        """Return the name of a stack; CloudFormation takes no underscore in one."""
        return f"{self.wanted.name}-{kind}".replace("_", "-")

    def file(self, kind: Kind) -> Path:
        """Return a stack's template."""
        return self.paths.root / "infra" / f"{kind}.yaml"

    def find(self, kind: Kind) -> Stack | None:
        """Return a stack; None if there is none.

        Raises:
            ProjectError: if it is that of another environment whose name differs by an underscore only.
        """
        found = self.stacks.find(self.stack(kind))
        other = found.parameters.get("Name", self.wanted.name) if found else self.wanted.name
        if other != self.wanted.name:
            raise ProjectError(
                f"Stack {self.stack(kind)} is that of the environment {other}.",
                self.where("mwaa", "name"),
                "use a name that differs from it by more than an underscore",
            )
        return found

    def wish(self, kind: Kind, facts: Mapping[str, str]) -> Wish:
        """Return what a stack is to be; `facts` are the parameters that settings.toml does not know."""
        template = rendered(self.file(kind).read_text(), self.wanted.name, self.options)
        parameters = filled(self.file(kind), {**known(self.project, self.settings), **facts})
        return Wish(self.stack(kind), template, parameters, self.wanted.tags or {})

    @cached_property
    def options(self) -> dict[str, str]:
        """Airflow's configuration options, refused if they would not be heeded."""
        return {one.name: one.value for one in read_config(self.paths, self.name).options}

    @cached_property
    def secrets(self) -> dict[str, str]:
        """The parameters that say which secrets Airflow may read."""
        made = policy(self.target, self.account)["Statement"]
        key = {"SecretsKey": made[1]["Resource"][0]} if len(made) > 1 else {}
        return {"Secrets": ",".join(made[0]["Resource"]), **key}

    @cached_property
    def account(self) -> str:
        """The account's number.

        Raises:
            ProjectError: if AWS does not tell it.
        """
        if found := self.target.aws.account():
            return found
        raise ProjectError(
            "AWS does not say whose credentials these are: there are none, or they have expired.",
            "sts:GetCallerIdentity",
            "log in (`aws sso login`), then run the same command",
        )

    def place(self, network: Stack | None) -> dict[str, str]:
        """Return the parameters that say where the environment stands: the VPC, and subnets that a stack has made.

        Args:
            network: that stack; None before there is one.
        """
        given = self.settings.network
        if given and given.subnets:
            return {"VpcId": self.target.aws.ec2.subnets(given.subnets)[0].vpc}
        if network is None:
            return UNKNOWN
        if not {"SubnetIds", "VpcId"} <= {*network.outputs}:
            raise ProjectError(
                f"Stack {network.name} does not say which subnets it has made.",
                "infra/network.yaml, Outputs",
                "give it SubnetIds and VpcId, as the template of this project has them",
            )
        return {"Subnets": network.outputs["SubnetIds"], "VpcId": network.outputs["VpcId"]}

    def newest_versions(self) -> dict[str, str]:
        """Return the parameters that name each file's newest object version in the bucket."""
        heads = each(self.target.bucket.head, FILES)
        return {FILES[name]: head.version for name, head in zip(FILES, heads, strict=True) if head and head.version}


def running_versions(described: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that name the object versions which an environment runs."""
    return {FILES[name]: str(described[field]) for name, (_, field) in VERSIONS.items() if described.get(field)}


def find_site(paths: Paths, name: str, *, rehearsed: bool = False) -> Site:
    """Return an environment of settings.toml; with `rehearsed`, the rehearsal's one is good, too.

    Raises:
        ProjectError: if there is no such environment, it names no MWAA environment, or it is the rehearsal's.
    """
    settings = load(paths.settings)
    source = Source(paths.settings.name, paths.settings.read_text())
    environment = settings.environment(name)
    if environment.mwaa is None:
        raise ProjectError(
            f"Environment {name!r} has no MWAA environment.",
            source.where(("environments", name)),
            f"add [environments.{name}.mwaa] with a name",
        )
    if name == REHEARSAL and not rehearsed:
        raise ProjectError(
            f"Environment {name!r} is the rehearsal's, on this machine.",
            "--env",
            "`mwaa local up` makes it; name one of AWS with --env",
        )
    return Site(paths, find_target(paths, name), settings.project, source)
