"""The options that name the two environments of a migration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.flags import Env
from scripts.paths import find_project

if TYPE_CHECKING:
    from scripts.migrate.sides import Sides

From = Annotated[
    str,
    typer.Option(
        "--from",
        help="The old environment: a table of settings.toml, the name of an MWAA environment, or the folder of "
        "another project whose rehearsal runs.",
        metavar="NAME",
        show_default=False,
    ),
]
FromRegion = Annotated[
    str | None, typer.Option("--from-region", help="Its region. \\[default: the new one's]", metavar="REGION")
]
FromProfile = Annotated[
    str | None,
    typer.Option("--from-profile", help="An AWS profile that reaches it, in another account.", metavar="PROFILE"),
]


@dataclass(frozen=True)
class Old:
    """Where the old environment is, as the options say it."""

    name: str
    region: str | None = None
    profile: str | None = None


@dataclass(frozen=True)
class Between:
    """The options that name both environments."""

    old: From
    environment: Env = "local"
    region: FromRegion = None
    profile: FromProfile = None

    def sides(self) -> Sides:
        """Return both; raises as find_sides does."""
        from scripts.migrate.sides import find_sides

        return find_sides(find_project(), Old(self.old, self.region, self.profile), self.environment)
