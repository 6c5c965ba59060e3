"""`mwaa backfill`: what it may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from scripts.airflow.triggering import Select, Variables
from scripts.flags import Env, Json, json_object, moment

Reprocess = Literal["none", "failed", "completed"]
FIRST = typer.Option("--from", help="Of the data: the first day or time, in UTC.", metavar="TIME")
LAST = typer.Option("--to", help="Of the data: before this day or time, as dbt's --event-time-end.", metavar="TIME")
AGAIN = typer.Option("--reprocess", help="Days that have a run already: none again, failed ones, or all that ended.")


@dataclass(frozen=True)
class Request:
    """The argument and the options."""

    dag: Annotated[str, typer.Argument(help="The DAG's id.")]
    environment: Env = "local"
    start: Annotated[str, FIRST] = ""
    end: Annotated[str, LAST] = ""
    select: Select = ""
    variables: Variables = "{}"
    reprocess: Annotated[Reprocess, AGAIN] = "none"
    parallel: Annotated[int, typer.Option("--parallel", min=1, help="Runs at a time.", metavar="N")] = 1
    backwards: Annotated[bool, typer.Option("--backwards", help="The newest first.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and change nothing.")] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Begin without asking.")] = False
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of all runs; exit code 1 if one failed.")] = (
        False
    )
    cancel: Annotated[bool, typer.Option("--cancel", help="End the one that is under way; runs that began go on.")] = (
        False
    )
    as_json: Json = False

    @property
    def times(self) -> tuple[datetime, datetime] | None:
        """The data's first time, and the time before which it ends, in UTC; None if they are not given.

        Raises:
            typer.BadParameter: if they are no times, one is missing, or they are none of the past.
        """
        if not self.start and not self.end:
            return None
        if not (self.start and self.end):
            raise typer.BadParameter("give both", param_hint="--from, --to")
        start, end = moment(self.start, "--from"), moment(self.end, "--to")
        if start >= end:
            raise typer.BadParameter(f"{self.start} is not before {self.end}", param_hint="--from, --to")
        if start >= datetime.now(UTC):
            raise typer.BadParameter(f"{self.start} is in the future", param_hint="--from")
        return start, end

    def check(self) -> None:
        """Refuse options that make no sense together.

        Raises:
            typer.BadParameter: with what to give or leave out.
        """
        if self.cancel and (self.times or self.dry_run or self.wait):
            raise typer.BadParameter("stands alone", param_hint="--cancel")
        if self.times is None and self.dry_run:
            raise typer.BadParameter("a plan needs --from and --to", param_hint="--dry-run")

    def conf(self) -> dict[str, Any]:
        """Return the conf of each run.

        Raises:
            typer.BadParameter: if the vars are no JSON object.
        """
        given = {"select": self.select, "vars": json_object(self.variables, "--vars")}
        return {name: value for name, value in given.items() if value}
