"""Waiting for AWS, and what it was that failed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from rich.markup import escape

from mwaa_dbt.errors import ProjectError
from scripts.aws.stacks import Event, Stack
from scripts.console import Notes, err, step
from scripts.deploy.update import await_steady
from scripts.env.containers import faults
from scripts.env.site import Kind, Site

SLOWEST = 15.0  # seconds between two looks
LIMIT = 15 * 3600.0  # seconds that CloudFormation itself gives an update of an environment
# What CloudFormation says of what it gave up because of something else.
CANCELLED = "cancelled"
WELL = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
SKEW = timedelta(minutes=1)  # between this clock and AWS's


@contextmanager
def going_on(what: str, again: str) -> Iterator[None]:
    """Tell whoever interrupts that AWS goes on, and what takes it up again."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        err.print(f"\n{escape(what)} goes on in AWS. `{escape(again)}` takes it up where it is then.")
        raise


def await_stack(site: Site, kind: Kind, again: str, since: datetime | None = None) -> Stack | None:
    """Return a stack once nothing happens to it any more; None if it is gone.

    Args:
        site: whose it is.
        kind: which one.
        again: the command that goes on from here.
        since: when it began; what failed before is not told.

    Raises:
        ProjectError: if it failed, with the reason of CloudFormation, MWAA and the containers.
    """
    since = since or datetime.now(UTC) - SKEW
    name = site.stack(kind)
    with going_on(f"Stack {name}", again), step(f"stack {name}") as notes:
        found = _settled(site, kind, notes)
        if found and found.status not in WELL:
            raise _failed(site, kind, found, since)
        notes.append(found.status if found else "gone")
    return found


def _settled(site: Site, kind: Kind, notes: Notes) -> Stack | None:
    begun, pause = time.monotonic(), 1.0
    while (found := site.find(kind)) and found.status.endswith("_IN_PROGRESS"):
        seconds = time.monotonic() - begun
        described = site.mwaa.find() if kind == "environment" else None
        environment = f", environment {described['Status']}" if described else ""
        notes.now(f"stack {found.name}: {found.status}{environment}, {seconds / 60:.0f} min")
        if seconds > LIMIT:
            raise ProjectError(
                f"Stack {found.name} is {found.status} after {seconds / 3600:.0f} hours.",
                f"stack {found.name}",
                "look at its events in the CloudFormation console, then run the same command",
            )
        time.sleep(pause := min(pause * 1.2, SLOWEST))
    return found


def _failed(site: Site, kind: Kind, found: Stack, since: datetime) -> ProjectError:
    causes = [f"{one.resource}: {one.reason}" for one in _causes(site.stacks.events(found.name, since))]
    if kind == "environment":
        causes += reasons(site, since)
    return ProjectError(
        "\n  ".join((f"Stack {found.name} ended as {found.status}.", *(causes or [found.reason]))),
        f"stack {found.name}",
        way_out(site, found) or "mend what it names, then run the same command",
    )


def _causes(events: list[Event]) -> list[Event]:
    failed = [one for one in events if one.status.endswith("_FAILED") and one.reason]
    return [one for one in failed if CANCELLED not in one.reason.lower()]


def way_out(site: Site, found: Stack) -> str | None:
    """Return the command that gets a stack out of a state in which CloudFormation changes nothing, or None."""
    if found.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        return f"mend what it names; run `{delete_stack(site, found)}`, then the same command"
    if found.status == "UPDATE_ROLLBACK_FAILED":
        command = delete_stack(site, found).replace("delete-stack", "continue-update-rollback")
        return f"run `{command}`, then the same command"
    return None


def delete_stack(site: Site, found: Stack) -> str:
    """Return the command that deletes a stack of which nothing is left but its name."""
    return f"aws cloudformation delete-stack --region {site.settings.region} --stack-name {found.name}"


def reasons(site: Site, since: datetime) -> list[str]:
    """Return what MWAA and the containers say of a failure."""
    last = ((site.mwaa.find() or {}).get("LastUpdate") or {}).get("Error") or {}
    told = [f"MWAA: {last.get('ErrorCode', '')} {last.get('ErrorMessage', '')}".rstrip()] if last else []
    try:
        found = [
            f"{one.group} {one.stream}: {one.text}" for one in faults(site.target.aws.logs, site.wanted.name, since)
        ]
    except ProjectError as error:
        found = [f"log groups were not read: {error.what}"]
    return told + found


def await_environment(site: Site, again: str) -> None:
    """Wait until MWAA is done with whatever it does to the environment.

    Raises:
        ProjectError: if it ends as anything but AVAILABLE, with the reason.
    """
    since = datetime.now(UTC) - SKEW
    with going_on(f"MWAA's work on {site.wanted.name}", again), step(f"environment {site.wanted.name}") as notes:
        try:
            described = await_steady(site.mwaa, notes)
        except ProjectError as error:
            what = "\n  ".join((error.what, *reasons(site, since)))
            raise ProjectError(what, error.where, "mend what it names, then run the same command") from None
        if described["Status"] != "AVAILABLE":
            since = described.get("LastUpdate", {}).get("CreatedAt", since)
            raise ProjectError(
                "\n  ".join((f"Environment {site.wanted.name} is {described['Status']}.", *reasons(site, since))),
                f"environment {site.wanted.name}",
                f"it runs on as before; mend what it names, then `mwaa deploy --env {site.name}` or "
                f"`mwaa env update --env {site.name}`",
            )
        notes.append(str(described["Status"]))
