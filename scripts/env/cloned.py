"""What `mwaa env clone` finds, tells and writes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.markup import escape

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import REHEARSAL, Settings, load
from scripts.aws import Aws
from scripts.console import err, out, step
from scripts.env import clone
from scripts.env.clone import Copy, New
from scripts.env.commands import Clone
from scripts.env.confirm import confirm
from scripts.env.written import append, as_text, read_back
from scripts.paths import Paths


@dataclass(frozen=True)
class Found:
    """A copy, the text for settings.toml, and what the new environment has of its own."""

    source: str
    new: New
    copy: Copy
    text: str
    own: list[str]


def find(paths: Paths, wanted: Clone) -> Found:
    """Return the copy of a running environment; reads only.

    Raises:
        ProjectError: if there is none, the new one is there already, or nothing says which warehouse it is for.
    """
    settings = load(paths.settings)
    if wanted.environment in settings.environments:
        raise ProjectError(
            f"There is an environment {wanted.environment!r} already.", "settings.toml", "give another one with --env"
        )
    like = _like(settings, wanted)
    region = wanted.region or settings.environments[like].region
    usual = f"{settings.project.name}-{wanted.environment}"
    table = tomllib.loads(paths.settings.read_text())["environments"][like]
    new = New(
        wanted.environment,
        wanted.bucket or usual.replace("_", "-").lower(),
        wanted.name or usual,
        settings.project.airflow_version,
        region,
        table,
    )
    if new.mwaa == wanted.source:
        raise ProjectError(f"The copy cannot have its source's name, {new.mwaa!r}.", "--name", "give another one")
    aws = Aws(region)
    with step(f"environment {wanted.source} in {region}"):
        described = aws.environment(wanted.source).describe()
    found = clone.copy(described, new)
    whole = read_back(paths.settings, as_text(new.name, found.tables)).environment(new.name)
    found.tables = clone.without_ours(found.tables, whole, new.airflow)
    found.warnings += clone.warnings(described, found.tables, new, aws)
    return Found(wanted.source, new, found, as_text(new.name, found.tables), clone.own(described))


def _like(settings: Settings, wanted: Clone) -> str:
    if wanted.like:
        settings.environment(wanted.like)
        return wanted.like
    of_aws = {name: one for name, one in settings.environments.items() if name != REHEARSAL}
    named = [name for name, one in of_aws.items() if one.mwaa and one.mwaa.name == wanted.source]
    if named:
        return named[0]
    raise ProjectError(
        f"No environment of settings.toml names {wanted.source!r}, so nothing says whose warehouse the copy is for.",
        "--like",
        f"add --like and one of: {', '.join(of_aws or settings.environments)}",
    )


def as_table(found: Found) -> dict[str, Any]:
    """Return a copy for a machine."""
    return {"environment": found.new.name, **asdict(found.copy), "own": found.own, "text": found.text}


def show(found: Found) -> None:
    """Print the lines for settings.toml; what a person must know of them goes to the other output."""
    out.print(found.text, markup=False)
    copy = found.copy
    marks: Mapping[str, list[str]] = {"changed": copy.renamed, "its own": found.own, "[red]lost[/]": copy.lost}
    for mark, lines in {**marks, "[yellow]mend[/]": copy.warnings}.items():
        for line in lines:
            err.print(f"{mark}: {escape(line)}")


def keep(paths: Paths, found: Found, yes: bool) -> None:
    """Add the lines to settings.toml, if somebody says so."""
    confirm(f"Add them to {paths.settings.name}?", yes)
    append(paths.settings, found.text)
    out.print(
        f"[environments.{found.new.name}] is in {paths.settings.name}. Look it through, then: "
        f"mwaa build --env {found.new.name} && mwaa env create --env {found.new.name}",
        markup=False,
    )
