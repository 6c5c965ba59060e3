"""`mwaa plan`, `deploy`, `releases`, `rollback`, `drift`, `gc`, `unlock`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from scripts.console import out
from scripts.flags import Env, Json
from scripts.paths import find_project

if TYPE_CHECKING:
    from scripts.deploy.apply import Source
    from scripts.deploy.plan import Plan
    from scripts.target import Target

app = typer.Typer()
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for another deploy to end.")]


@app.command()
def plan(environment: Env = "local", as_json: Json = False) -> None:
    """Show what a deploy of build/<environment> would do; reads only.

    Example: mwaa plan --env prod
    """
    from scripts.deploy import verbs

    target, source = _build(environment)
    made, stale = verbs.plan(target, source)
    if as_json:
        out.print_json(json.dumps(verbs.as_table(made, stale)))
        return
    _show_plan(made, stale)


@app.command()
def deploy(environment: Env = "local", wait: Wait = 0.0, as_json: Json = False) -> None:
    """Make build/<environment> live: archives, DAG files, pointer, and, only if needed, the MWAA environment.

    Killed at any moment, the old release or the new one is live; the same command again ends it.

    Example: mwaa deploy --env prod
    """
    target, source = _build(environment)
    _release(target, source, wait, as_json, action="deploy")


@app.command()
def rollback(
    release: Annotated[str | None, typer.Argument(help="A release's name. \\[default: the one before]")] = None,
    environment: Env = "local",
    wait: Wait = 0.0,
    as_json: Json = False,
) -> None:
    """Make a stored release live again; without a name, the one that was live before.

    Example: mwaa rollback --env prod
    """
    from scripts.deploy import history, verbs

    target = _target(environment)
    source = verbs.kept(target, release or history.before(target.bucket))
    _release(target, source, wait, as_json, action="rollback")


@app.command()
def releases(environment: Env = "local", as_json: Json = False) -> None:
    """List the releases that the bucket keeps, the newest deploy first.

    Example: mwaa releases --env prod
    """
    from scripts.deploy import history

    bucket = _target(environment).bucket
    records, log = history.stored(bucket), history.entries(bucket)
    live = history.live(bucket) if log else None
    if as_json:
        deploys = [{**asdict(entry), "at": entry.at.isoformat()} for entry in log]
        out.print_json(json.dumps({"live": live, "deploys": deploys, "stored": sorted(records)}))
        return
    table = Table("release", "action", "at (UTC)", "by", "git", "DAGs")
    shown = {live}
    for entry in log:
        record = records.get(entry.release, {})
        git = str((record.get("git") or {}).get("revision") or "")[:12]
        mark = f"{entry.action}, live" if entry.release in shown else entry.action
        shown.discard(entry.release)
        count = str(len(record["dags"])) if record else "swept"
        table.add_row(entry.release, mark, f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.by, git, count)
    out.print(table)


@app.command()
def drift(environment: Env = "local", as_json: Json = False) -> None:
    """Compare bucket and environment with the live release; exit code 1 if other hands have changed them.

    Example: mwaa drift --env prod
    """
    from scripts.deploy.drift import find_drift

    found = find_drift(_target(environment))
    if as_json:
        out.print_json(json.dumps(found.table))
    else:
        for kind in ("changed", "missing", "extra", "environment"):
            for key in getattr(found, kind):
                out.print(f"{kind:<12}{key}", markup=False)
        out.print(f"release {found.release}: {'as deployed' if found.none else 'not as deployed'}")
        if not found.none:
            out.print("fix:   mwaa deploy puts changed and missing objects right; extra ones are yours to delete")
    raise typer.Exit(0 if found.none else 1)


@app.command()
def gc(
    environment: Env = "local",
    newest: Annotated[int, typer.Option("--keep", min=1, help="Releases to keep at least.")] = 10,
    days: Annotated[
        int | None, typer.Option(min=0, help="Keep what was live so long, instead of asking for active runs.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Delete stored releases that neither the pointer names nor an active run may read.

    Example: mwaa gc --env prod --keep 20 --dry-run
    """
    from scripts.deploy.lock import locked
    from scripts.deploy.sweep import find_garbage, sweep

    target = _target(environment)
    if dry_run:
        found = find_garbage(target, newest, days)
    else:
        with locked(target.bucket):
            found = find_garbage(target, newest, days)
            sweep(target.bucket, found)
    if as_json:
        out.print_json(json.dumps({**asdict(found), "dry_run": dry_run}))
        return
    for release, reason in found.kept.items():
        out.print(f"keep   {release}  {reason}", markup=False)
    for release in found.releases:
        out.print(f"delete {release}")
    size = sum(found.objects.values()) / 1024**2
    out.print(f"{len(found.objects)} objects, {size:.1f} MB{' would go' if dry_run else ' deleted'}")


@app.command()
def unlock(
    environment: Env = "local",
    force: Annotated[bool, typer.Option("--force", help="Even if its owner seems alive.")] = False,
) -> None:
    """Remove the lock that a dead deploy has left.

    Example: mwaa unlock --env prod
    """
    from scripts.deploy.lock import unlock as remove

    found = remove(_target(environment).bucket, force)
    out.print(f"Removed the lock of {found}." if found else "There was no lock.", markup=False)


def _target(environment: str) -> Target:
    from scripts.target import find_target

    return find_target(find_project(), environment)


def _build(environment: str) -> tuple[Target, Source]:
    from scripts.deploy.verbs import built

    return _target(environment), built(find_project(), environment)


def _release(target: Target, source: Source, wait: float, as_json: bool, *, action: str) -> None:
    from scripts.deploy import verbs

    made, updated = verbs.release(target, source, action, wait)
    if as_json:
        out.print_json(json.dumps(verbs.as_table(made, updated)))
    elif made.idle and not updated:
        out.print(f"Release [bold]{made.release}[/] is live already; nothing to do.")
    else:
        went = f" (before: {made.before})" if made.before and made.before != made.release else ""
        out.print(f"Release [bold]{made.release}[/] is live{went}.")


def _show_plan(made: Plan, stale: list[str]) -> None:
    from scripts.deploy.update import COST

    table = Table("", "objects", "bytes")
    rows: list[tuple[str, Any, int | None]] = [
        ("send", made.send, sum(made.send.values())),
        ("create", made.create, None),
        ("replace", made.replace, None),
        ("delete after the switch", made.delete, None),
    ]
    for name, keys, size in rows:
        table.add_row(name, str(len(keys)), f"{size:,}" if size is not None else "")
    table.add_row("keep", str(made.keep), "")
    out.print(table)
    for mark, keys in (("+", made.send), ("+", made.create), ("~", made.replace), ("-", made.delete)):
        for key in keys:
            out.print(f"  {mark} {key}", markup=False)
    switch = f"{made.before or 'nothing'} → {made.release}" if made.point else f"{made.release} is live already"
    out.print(f"release: {switch}")
    out.print(
        f"environment: update needed for {', '.join(stale)}: {COST}" if stale else "environment: no update needed"
    )
