"""`mwaa migrate logs`: what it may be asked."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from scripts.console import out
from scripts.flags import Env, Json
from scripts.history.text import count
from scripts.migrate.sides import From, FromProfile, FromRegion, Old, find_sides
from scripts.paths import find_project

INTERRUPTED = 130
SHOWN = 5  # streams


@dataclass(frozen=True)
class Request:
    """The options."""

    old: From
    environment: Env = "local"
    region: FromRegion = None
    profile: FromProfile = None
    days: Annotated[int, typer.Option("--days", min=1, help="Logs that were written to so lately.")] = 7
    dag: Annotated[str, typer.Option("--dag", help="Only of DAGs of this pattern.", metavar="PATTERN")] = "*"
    failed: Annotated[bool, typer.Option("--failed", help="Only of tasks that failed.")] = False
    to_bucket: Annotated[
        bool, typer.Option("--to-bucket", help="Logs too old for CloudWatch as files into the new bucket, migrate/….")
    ] = False
    as_json: Json = False


def register(app: typer.Typer) -> None:
    """Add the verb to `mwaa migrate`."""
    # Its options are more than a function of this house may take: they are the fields of one object.
    logs.__signature__ = inspect.signature(Request, eval_str=True)  # type: ignore[attr-defined]
    app.command()(logs)


def logs(**given: Any) -> None:
    """Copy task logs in CloudWatch from the old environment to the new one.

    CloudWatch takes no event older than 14 days or than the new group's retention. A second call writes what is
    missing, and nothing twice.

    Example: mwaa migrate logs --from old-prod --env prod --days 14 --failed
    """
    request = Request(**given)
    from scripts.migrate import log_copy

    sides = find_sides(find_project(), Old(request.old, request.region, request.profile), request.environment)
    wanted = log_copy.Wanted(request.days, request.dag, request.failed, request.to_bucket)
    try:
        done = log_copy.copy_logs(sides, wanted)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
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
