"""`mwaa env create`, `update`, `status`, `wait`, `delete`, `clone`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from scripts.console import out
from scripts.flags import Env, Json, takes
from scripts.paths import find_project

app = typer.Typer(no_args_is_help=True, help="The MWAA environment: made, changed, looked at, copied.")
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


@app.command()
def create(environment: Env = "local", dry_run: DryRun = False, yes: Yes = False, as_json: Json = False) -> None:
    """Make the environment: bucket, network, release, environment, alarms, and a task in it that proves it.

    Shows first what CloudFormation would do. Takes 20 to 40 minutes; interrupted or failed, the same command goes on.

    Example: mwaa env create --env prod
    """
    from scripts.env.make import plan_create
    from scripts.env.site import find_site

    work = plan_create(find_site(find_project(), environment))
    _do(work, dry_run, yes, as_json)


@app.command()
def update(
    environment: Env = "local",
    dry_run: DryRun = False,
    yes: Yes = False,
    forced: Annotated[
        bool, typer.Option("--forced", help="Kill running tasks; else the update waits for them, 12 hours at most.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the environment to what settings.toml says now; what `mwaa deploy` has made live stays live.

    Example: mwaa env update --env prod --dry-run
    """
    from scripts.env.make import plan_update
    from scripts.env.site import find_site

    work = plan_update(find_site(find_project(), environment), graceful=not forced)
    _do(work, dry_run, yes, as_json)


def _do(work: Any, dry_run: bool, yes: bool, as_json: bool) -> None:
    from scripts.env import plan
    from scripts.env.confirm import confirm
    from scripts.env.make import carry_out, done, show

    idle = not (work.parts or work.under_way)
    if as_json:
        out.print_json(json.dumps({**plan.as_table(work.parts), "dry_run": dry_run}))
    else:
        show(work)
    if dry_run:
        if not as_json:
            out.print("There is nothing to do." if idle else "Nothing was changed.")
        return
    if work.parts:
        confirm("Go on?", yes)
    carry_out(work)
    if not as_json:
        out.print(done(work))


@app.command()
def status(environment: Env = "local", as_json: Json = False) -> None:
    """Show how the environment is, and its stacks; exit code 1 unless it is AVAILABLE.

    Example: mwaa env status --env prod
    """
    from scripts.env.site import find_site
    from scripts.env.status import AVAILABLE, read_status, show

    found = read_status(find_site(find_project(), environment, rehearsed=True))
    if as_json:
        out.print_json(json.dumps(found))
    else:
        show(found)
    raise typer.Exit(0 if found["status"] == AVAILABLE else 1)


@app.command()
def wait(environment: Env = "local") -> None:
    """Wait until MWAA is done with whatever it does to the environment; exit code 1, with the reason, if that failed.

    Example: mwaa env wait --env prod
    """
    from scripts.env.site import find_site
    from scripts.env.watch import await_environment

    site = find_site(find_project(), environment, rehearsed=True)
    await_environment(site, f"mwaa env wait --env {environment}")
    out.print(f"Environment {site.wanted.name} is AVAILABLE.")


@app.command()
def delete(
    environment: Env = "local",
    dry_run: DryRun = False,
    yes: Annotated[
        str | None, typer.Option("--yes", help="The MWAA environment's name, instead of typing it.", metavar="NAME")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Even if DAG runs are active.")] = False,
) -> None:
    """Delete environment, alarms and network; bucket, logs and secrets stay. Airflow's own history is lost.

    Example: mwaa env delete --env prod --dry-run
    """
    from scripts.env import plan
    from scripts.env.confirm import confirm_name
    from scripts.env.delete import delete as run
    from scripts.env.delete import plan_delete
    from scripts.env.site import find_site

    site = find_site(find_project(), environment)
    farewell = plan_delete(site, force)
    plan.show(farewell.parts)
    for text in farewell.stays:
        out.print(f"stays: {text}", markup=False)
    if dry_run:
        out.print("Nothing was deleted.")
        return
    confirm_name(site.wanted.name, yes)
    run(site, farewell)
    out.print(f"Environment {site.wanted.name} is deleted.")


@dataclass(frozen=True)
class Clone:
    """The options of `mwaa env clone`."""

    source: Annotated[str, typer.Argument(help="The MWAA environment to copy.", metavar="SOURCE", show_default=False)]
    environment: Annotated[
        str, typer.Option("--env", "-e", help="The new table of settings.toml.", metavar="NAME", show_default=False)
    ]
    like: Annotated[
        str | None,
        typer.Option(help="Whose warehouse, Slack, secrets to take. \\[default: the one that names SOURCE]"),
    ] = None
    region: Annotated[str | None, typer.Option(help="SOURCE's region. \\[default: that of --like]")] = None
    name: Annotated[str | None, typer.Option(help="The new MWAA environment. \\[default: <project>-NAME]")] = None
    bucket: Annotated[str | None, typer.Option(help="The new bucket. \\[default: <project>-NAME]")] = None
    print_only: Annotated[bool, typer.Option("--print", help="Print the tables, write nothing.")] = False
    yes: Yes = False
    as_json: Json = False


@app.command()
@takes(Clone)
def clone(**given: Any) -> None:
    """Write a running environment's settings into settings.toml under a new name, for `mwaa env create`.

    Options are brought to this project's version of Airflow; what cannot be kept is told. Changes nothing in AWS.

    Example: mwaa env clone old-airflow --env blue --like prod
    """
    from scripts.env.cloned import as_table, find, keep, show

    wanted = Clone(**given)
    found = find(find_project(), wanted)
    if wanted.as_json:
        out.print_json(json.dumps(as_table(found)))
        return
    show(found)
    if not wanted.print_only:
        keep(find_project(), found, wanted.yes)
