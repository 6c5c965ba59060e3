"""What `mwaa history` may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from scripts.flags import Env, Json
from scripts.history.window import FORMS, Window, read_since, read_until

DEFAULT_DAYS = 30

Dag = Annotated[str | None, typer.Option("--dag", help="Only this DAG.", metavar="ID")]
Node = Annotated[
    str | None, typer.Option("--node", help="This node's runs: its name or dbt's unique id.", metavar="NAME")
]
Run = Annotated[str | None, typer.Option("--run", help="This DAG run, node by node: its id or a part.", metavar="ID")]
Since = Annotated[
    str | None,
    typer.Option("--since", help=f"{FORMS}; {DEFAULT_DAYS}d if not given.", metavar="TIME"),
]
Until = Annotated[str | None, typer.Option("--until", help="The same forms; a day to its end.", metavar="TIME")]
Failed = Annotated[bool, typer.Option("--failed", help="List only what failed; the numbers stay those of all.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", "-n", min=1, help="Rows; if not given 20 in a table, 100 runs in --html, all in --json."),
]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page for a browser.", metavar="FILE")]


@dataclass(frozen=True)
class Request:
    """The options, each with its default."""

    environment: Env = "local"
    dag: Dag = None
    node: Node = None
    run: Run = None
    since: Since = None
    until: Until = None
    failed: Failed = False
    limit: Limit = None
    as_json: Json = False
    html: Html = None

    def check(self) -> None:
        """Refuse options that make no sense together.

        Raises:
            typer.BadParameter: with what to leave out.
        """
        if self.node and self.run:
            raise typer.BadParameter("give either a node or a run", param_hint="--node, --run")
        if self.node and self.html:
            raise typer.BadParameter("the page shows runs: leave --node out", param_hint="--html")

    def window(self, now: datetime | None = None) -> Window:
        """Return the span of time that is asked for.

        Raises:
            typer.BadParameter: if an end has no known form, or the end is before the beginning.
        """
        now = now or datetime.now(UTC)
        until = _moment("--until", self.until, now) if self.until else None
        default = (until or now) - timedelta(days=DEFAULT_DAYS)
        since = _moment("--since", self.since, now) if self.since else default
        if until and until < since:
            raise typer.BadParameter(f"{self.until!r} is before {self.since!r}", param_hint="--until")
        return Window(since, until)


def _moment(option: str, text: str, now: datetime) -> datetime:
    try:
        return (read_until if option == "--until" else read_since)(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
