"""`mwaa migrate logs`: what it may be asked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from scripts.console import out
from scripts.flags import Json, takes
from scripts.history.text import count
from scripts.migrate.between import Between

SHOWN = 5  # streams


@dataclass(frozen=True)
class Request(Between):
    """The options."""

    days: Annotated[int, typer.Option("--days", min=1, help="Logs that were written to so lately.")] = 7
    dag: Annotated[str, typer.Option("--dag", help="Only of DAGs of this pattern.", metavar="PATTERN")] = "*"
    failed: Annotated[bool, typer.Option("--failed", help="Only of tasks that failed.")] = False
    to_bucket: Annotated[
        bool, typer.Option("--to-bucket", help="Logs too old for CloudWatch as files into the new bucket, migrate/….")
    ] = False
    as_json: Json = False


def register(app: typer.Typer) -> None:
    """Add the verb to `mwaa migrate`."""
    app.command()(logs)


@takes(Request)
def logs(**given: Any) -> None:
    """Copy task logs in CloudWatch from the old environment to the new one.

    CloudWatch takes no event older than 14 days or than the new group's retention. A second call writes what is
    missing, and nothing twice.

    Example: mwaa migrate logs --from old-prod --env prod --days 14 --failed
    """
    request = Request(**given)
    from scripts.migrate import log_copy

    sides = request.sides()
    wanted = log_copy.Wanted(request.days, request.dag, request.failed, request.to_bucket)
    done = log_copy.copy_logs(sides, wanted)
    if request.as_json:
        out.print_json(json.dumps(asdict(done)))
        return
    for line in log_copy.told(done):
        out.print(line, markup=False)
    if not done.streams:
        out.print(f"No task log of the last {count(request.days, 'day')} is there.")
    for name in done.others[:SHOWN]:
        out.print(f"  {name}", markup=False)
    if done.old:
        kept = f"They are in s3://{sides.new.bucket.name}/migrate/." if request.to_bucket else "--to-bucket keeps them."
        out.print(f"Older than CloudWatch takes: {count(done.old, 'event')}. {kept}", markup=False)
