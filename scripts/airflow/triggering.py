"""`mwaa trigger`: what it may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from scripts.flags import Env, Json, json_object, moment, takes

Conf = Annotated[str, typer.Option("--conf", help="The run's whole conf, as JSON.", metavar="JSON")]
Select = Annotated[str, typer.Option("--select", help="Only these nodes, in dbt's syntax.")]
Variables = Annotated[str, typer.Option("--vars", help="dbt vars, as JSON.", metavar="JSON")]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Rebuild incremental models.")]
RunId = Annotated[
    str | None, typer.Option("--run-id", help="The run's id: one that is there is not started again.", metavar="ID")
]
Unpause = Annotated[bool, typer.Option("--unpause", help="Unpause the DAG first; its schedule runs from then on, too.")]
EventStart = Annotated[
    str, typer.Option("--event-time-start", help="Microbatch models: build from this time on, in UTC.", metavar="TIME")
]
EventEnd = Annotated[str, typer.Option("--event-time-end", help="… to before this time.", metavar="TIME")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the tasks to the end; the exit code is the run's.")]


@dataclass(frozen=True)
class Request:
    """The argument and the options."""

    dag: Annotated[str, typer.Argument(help="The DAG's id.")]
    environment: Env = "local"
    select: Select = ""
    full_refresh: FullRefresh = False
    variables: Variables = "{}"
    event_time_start: EventStart = ""
    event_time_end: EventEnd = ""
    conf: Conf = "{}"
    run_id: RunId = None
    unpause: Unpause = False
    wait: Wait = False
    as_json: Json = False

    def body(self) -> dict[str, Any]:
        """Return the run's conf.

        Raises:
            typer.BadParameter: if a JSON is none, or two options say the same.
        """
        conf = json_object(self.conf, "--conf")
        named = {
            "select": self.select,
            "full_refresh": self.full_refresh,
            "vars": json_object(self.variables, "--vars"),
            **self._times(),
        }
        given = {name: value for name, value in named.items() if value}
        if twice := sorted(given.keys() & conf.keys()):
            raise typer.BadParameter(f"{', '.join(twice)} is in there, and an option, too", param_hint="--conf")
        return {**conf, **given}

    def _times(self) -> dict[str, str]:
        if not self.event_time_start and not self.event_time_end:
            return {}
        options = "--event-time-start, --event-time-end"
        start, end = moment(self.event_time_start, options), moment(self.event_time_end, options)
        if start >= end:
            raise typer.BadParameter(f"{self.event_time_start} is not before {self.event_time_end}", param_hint=options)
        if self.full_refresh:
            raise typer.BadParameter(
                "would leave the rows of these times alone", param_hint=f"--full-refresh, {options}"
            )
        return {"event_time_start": start.isoformat(), "event_time_end": end.isoformat()}


def register(app: typer.Typer) -> None:
    """Add the verb to the `mwaa` command."""
    app.command()(trigger)


@takes(Request)
def trigger(**given: Any) -> None:
    """Start a run of a DAG; with --wait, follow its tasks to the end.

    Ctrl-C then ends the watching, not the run.

    Example: mwaa trigger jaffle_shop --env prod --select tag:finance --wait
    """
    request = Request(**given)
    conf = request.body()
    from scripts.airflow.start import start

    if not start(request, conf):
        raise typer.Exit(1)
