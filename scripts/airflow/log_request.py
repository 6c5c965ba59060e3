"""`mwaa logs`: what it may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from scripts.airflow.model import LATEST
from scripts.flags import Env, takes
from scripts.history.window import read_since

Component = Literal["scheduler", "worker", "webserver", "dag-processing", "triggerer"]
HOUR = "1h"


@dataclass(frozen=True)
class Request:
    """The arguments and options."""

    dag: Annotated[str | None, typer.Argument(help="A DAG's id.", show_default=False)] = None
    task: Annotated[
        str | None, typer.Argument(help="A task's id or dbt's name of its node; else those that failed.")
    ] = None
    environment: Env = "local"
    run: Annotated[str, typer.Option("--run", help="A run's id, or a part of it.", metavar="ID")] = LATEST
    attempt: Annotated[
        int | None, typer.Option("--try", min=1, help="Which try of the task. \\[default: its last]", metavar="N")
    ] = None
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False
    component: Annotated[
        Component | None, typer.Option("--component", "-c", help="Instead of a task's: its log group in CloudWatch.")
    ] = None
    since: Annotated[
        str, typer.Option("--since", help="With --component: 30m, 1h, 2d or a time (UTC).", metavar="TIME")
    ] = HOUR
    grep: Annotated[str, typer.Option("--grep", "-g", help="Only lines with this text.", metavar="TEXT")] = ""
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", min=1, help="Only so many, the last; of failed tasks 30 each.")
    ] = None

    def check(self) -> None:
        """Refuse options that make no sense together.

        Raises:
            typer.BadParameter: with what to give or leave out.
        """
        if (self.dag is None) == (self.component is None):
            raise typer.BadParameter("give either a DAG or --component", param_hint="DAG")
        if self.component and (self.run != LATEST or self.attempt):
            raise typer.BadParameter("belongs to a task's log: leave it out", param_hint="--run, --try")
        if self.dag and self.since != HOUR:
            raise typer.BadParameter("belongs to --component: leave it out", param_hint="--since")
        if self.dag and not self.task and (self.follow or self.attempt):
            raise typer.BadParameter("belongs to one task: name it", param_hint="--follow, --try")

    def moment(self) -> datetime:
        """Return what --since names.

        Raises:
            typer.BadParameter: if it has no form that is known.
        """
        try:
            return read_since(self.since, datetime.now(UTC))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--since") from None


def register(app: typer.Typer) -> None:
    """Add the verb to the `mwaa` command."""
    app.command()(logs)


@takes(Request)
def logs(**given: Any) -> None:
    """Show the logs of a run's failed tasks, or of one task; with --component, those of MWAA's own processes.

    Example: mwaa logs jaffle_shop stg_orders --env prod --follow
    """
    request = Request(**given)
    request.check()
    since = request.moment()
    from scripts.airflow import components, logs
    from scripts.airflow.environment import find_environment

    environment = find_environment(request.environment)
    if request.component:
        components.show(environment, request, since)
    else:
        logs.show(environment, request)
