"""The two environments of a migration: any old one, and a new one of settings.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load
from mwaa_dbt.tables import suggestion
from scripts.airflow.environment import Environment, find_environment, known_in, refuse_closed
from scripts.aws import Aws, AwsError
from scripts.local.state import ENVIRONMENT
from scripts.migrate.between import Old
from scripts.paths import Paths
from scripts.versions import number

ROOT = "migrate"


def kept_in(old: str) -> str:
    """Return the prefix in the new environment's bucket of what is kept of a migration from an old one."""
    return f"{ROOT}/{old}"


@dataclass(frozen=True)
class Sides:
    """Both environments, whose web servers can be asked."""

    old: Environment
    new: Environment

    @property
    def folder(self) -> str:
        """The prefix in the new environment's bucket of what is kept of this migration."""
        return kept_in(self.old.mwaa.name)


def find_sides(paths: Paths, old: Old, new: str) -> Sides:
    """Return both environments.

    Raises:
        ProjectError: if one is missing or has no web server, both are one, or the new one has the older Airflow.
    """
    sides = Sides(find_old(paths, old, new), find_environment(new, paths))
    if (before := sides.old.version) != (after := sides.new.version) and number(before) > number(after):
        raise ProjectError(
            f"{sides.old.mwaa.name} has Airflow {before}, {sides.new.mwaa.name} has {after}: that is the way back.",
            "--from, --env",
            "exchange them; or make the new environment with a version that is not older",
        )
    # Rehearsals of two projects may have one name.
    if _place(sides.old) == _place(sides.new):
        raise ProjectError(f"Both are one environment, {sides.new.mwaa.name}.", "--from, --env", "name two")
    return sides


def _place(side: Environment) -> tuple[str, str | None]:
    return str(side.described["Arn"]), side.aws.endpoint


def find_old(paths: Paths, old: Old, new: str) -> Environment:
    """Return the old environment.

    Args:
        paths: the project.
        old: where it is.
        new: the new environment's table, whose region it has if nothing else is said.

    Raises:
        ProjectError: if there is none, or it has no web server now.
    """
    settings = load(paths.settings)
    if old.name in settings.environments:
        return find_environment(old.name, paths)
    folder = Path(old.name).expanduser()
    if (folder / "settings.toml").is_file():
        return find_environment(ENVIRONMENT, Paths(folder.resolve()))
    region = old.region or settings.environment(new).region
    aws = Aws(region, keys={"profile_name": old.profile} if old.profile else None)
    mwaa = aws.environment(old.name)
    try:
        described = mwaa.describe()
    except AwsError as error:
        raise _absent(aws, old, [*settings.environments]) if error.absent else error from None
    refuse_closed(described, aws, "wait until it is AVAILABLE, or mend it")
    return Environment(old.name, aws, mwaa, described)


def name_of(paths: Paths, name: str) -> str:
    """Return the name that MWAA has for an old environment, without asking for it: it may be gone.

    Raises:
        ProjectError: if a table or a project names no MWAA environment.
    """
    folder = Path(name).expanduser()
    other = (folder / "settings.toml").is_file()
    environments = load(folder / "settings.toml" if other else paths.settings).environments
    table = environments.get(ENVIRONMENT if other else name)
    if table is None:
        return name
    if table.mwaa is None:
        raise ProjectError(f"Environment {name!r} names no MWAA environment.", "--from", "name one of MWAA's")
    return table.mwaa.name


def _absent(aws: Aws, old: Old, tables: list[str]) -> ProjectError:
    known = known_in(aws)
    there = f"MWAA has there: {', '.join(known)}; " if known else ""
    return ProjectError(
        f"There is no MWAA environment {old.name!r} in {aws.region}.{suggestion(old.name, [*known, *tables])}",
        "--from, --from-region, --from-profile",
        f"{there}settings.toml has: {', '.join(tables)}",
    )
