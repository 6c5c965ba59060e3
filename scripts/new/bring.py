"""`mwaa new project --from`: an existing dbt project, brought in and examined."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Settings, load
from scripts import connections
from scripts.local.state import ENVIRONMENT
from scripts.new.asked import examine_parsed, vendor
from scripts.new.finding import Brought, Case, Finding
from scripts.new.made import workplace
from scripts.new.names import proposal
from scripts.new.project import ProjectWish, check_place, place
from scripts.new.source import Source, copy, opened
from scripts.new.static import OURS, examine_files
from scripts.paths import Paths
from scripts.projects import LOCK, DbtProject, find_projects, stage
from scripts.sources import dbt_of_sources
from scripts.workshop import DbtTarget

PIN = re.compile(r"^dbt-core==(\S+)", re.MULTILINE)
# Of `mwaa ci` and `mwaa dev`.
OTHER_TARGETS = ("ci", "dev")


def bring(paths: Paths, wish: ProjectWish, source: Source, dry_run: bool) -> Brought:
    """Copy a dbt project into dbt/, write its DAG, and say what must change.

    Args:
        paths: the project of MWAA's.
        wish: name and DAG; an empty name is taken from dbt_project.yml.
        source: the folder or repository that it comes from.
        dry_run: examine it, write nothing.

    Raises:
        ProjectError: if there is no dbt project, or its name is taken; then nothing is written.
    """
    with workplace(paths) as work, opened(source, work) as found:
        original = DbtProject(found.name, found)
        declared = _declared(original)
        wish = replace(wish, name=wish.name or proposal(declared))
        check_place(paths, wish)
        staged = work / "staged" / wish.name
        links = copy(found, staged, original.packages.name)
        findings, notes = _examine(paths, DbtProject(wish.name, staged), original, work)
        leading = [_link(wish.name, name) for name in links]
        brought = Brought(wish.name, f"dbt/{wish.name}", [*leading, *findings], [*_renamed(wish, declared), *notes])
        return brought if dry_run else replace(brought, written=place(paths, wish, staged))


def _declared(project: DbtProject) -> str:
    name = project.read("dbt_project.yml").get("name")
    if not isinstance(name, str) or not name.strip():
        raise ProjectError(
            "dbt_project.yml has no name.", str(project.folder / "dbt_project.yml"), "give it one: `name: my_shop`"
        )
    return name


def _renamed(wish: ProjectWish, declared: str) -> list[str]:
    return [f"dbt calls it {declared}; folder and DAG are called {wish.name}"] if declared != wish.name else []


def _link(project: str, name: str) -> Finding:
    return Finding(
        True,
        "A link that leads out of the project was left out.",
        f"dbt/{project}/{name}",
        "put the file itself there",
    )


def _examine(paths: Paths, staged: DbtProject, original: DbtProject, work: Path) -> tuple[list[Finding], list[str]]:
    """Examine a copy beside the projects that are here already: a package may be at ../other."""
    settings = load(paths.settings)
    here = find_projects(paths.root / "dbt") if any((paths.root / "dbt").glob("*/dbt_project.yml")) else []
    *_, project = stage([*here, staged], work / "scratch")
    profile, adapter = _profile(original)
    version = PIN.search((paths.root / "dbt" / "requirements.txt").read_text())
    case = Case(project, adapter, (*settings.environments, *OTHER_TARGETS), version[1] if version else "")
    findings, notes = list(examine_files(case)), list(profile)
    dbt = dbt_of_sources(paths, _target(settings), [project.name], work / "dbt")(project)
    for told in vendor(case, dbt, original.packages):
        (notes if isinstance(told, str) else findings).append(told)  # type: ignore[arg-type]
    _keep(project, staged)
    # Without its packages, or with another dbt than it wants, all that dbt says is that.
    if not project.wants_packages or project.packages.is_dir():
        findings += examine_parsed(case, dbt)
    return sorted(findings, key=lambda one: not one.must), notes


def _keep(project: DbtProject, staged: DbtProject) -> None:
    """Keep what vendoring has made: the lock, and packages that were not fetched but copied."""
    if (lock := project.folder / LOCK).is_file():
        shutil.copy2(lock, staged.folder)
    elif project.packages.is_dir():
        shutil.copytree(project.packages, staged.packages)


def _target(settings: Settings) -> DbtTarget:
    name = ENVIRONMENT if ENVIRONMENT in settings.environments else next(iter(settings.environments))
    environment = settings.environment(name)
    return DbtTarget(name, environment, connections.snowflake(environment, connections.PLACEHOLDER))


def _profile(original: DbtProject) -> tuple[list[str], str | None]:
    """Return what is to be known of the profile, and the adapter that it names; its secrets are not looked at."""
    outputs = list(_outputs(original))
    types = sorted({str(one["type"]) for one in outputs if one.get("type")})
    notes = ["the profile is made of settings.toml, here as in tasks"]
    if (original.folder / "profiles.yml").is_file():
        notes = ["profiles.yml was left out: the profile is made of settings.toml, here as in tasks"]
    foreign = [name for name in types if name != OURS]
    if foreign:
        notes.append(f"it was written for {', '.join(foreign)}")
    schemas = sorted({str(one[key]) for one in outputs for key in ("schema", "dataset") if one.get(key)})
    if schemas:
        notes.append(f"its tables went to {', '.join(schemas)}; here they go where `schema` in settings.toml says")
    return notes, foreign[0] if foreign else types[0] if types else None


def _outputs(original: DbtProject) -> Iterator[dict[str, Any]]:
    path = original.folder / "profiles.yml"
    try:
        table = yaml.safe_load(path.read_text()) if path.is_file() else {}
    except yaml.YAMLError:
        return  # it is left out anyway, and may hold Jinja
    for name, profile in table.items() if isinstance(table, dict) else ():
        known = profile.get("outputs") if name != "config" and isinstance(profile, dict) else None
        yield from (one for one in (known or {}).values() if isinstance(one, dict))
