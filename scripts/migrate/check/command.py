"""`mwaa migrate check`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.console import err, out
from scripts.flags import Json, takes
from scripts.migrate.between import FromProfile, FromRegion

if TYPE_CHECKING:
    from scripts.migrate.check.examine import Case, Report

FROM = typer.Option(
    "--from",
    help="A running old environment: its version and options, and, without FOLDER, its DAGs and requirements.txt.",
    metavar="NAME",
)


@dataclass(frozen=True)
class Request:
    """What is to be checked, and how the answer is wanted."""

    folder: Annotated[
        Path | None,
        typer.Argument(help="DAG files, or a folder with dags/, plugins/, requirements.txt. \\[default: this project]"),
    ] = None
    to: Annotated[
        str | None, typer.Option("--to", help="The new version. \\[default: settings.toml's]", metavar="VERSION")
    ] = None
    before: Annotated[
        str | None, typer.Option("--from-version", help="The old version. \\[default: 2.11.2]", metavar="VERSION")
    ] = None
    requirements: Annotated[
        Path | None, typer.Option(help="The old requirements.txt. \\[default: the one in FOLDER]", metavar="FILE")
    ] = None
    environment: Annotated[
        str | None,
        typer.Option("--env", "-e", help="A table of settings.toml, whose options are looked at.", metavar="NAME"),
    ] = None
    old: Annotated[str | None, FROM] = None
    region: FromRegion = None
    profile: FromProfile = None
    as_json: Json = False
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as a page for a browser, too.", metavar="FILE")
    ] = None
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe to mend, and show it.")] = False
    force: Annotated[bool, typer.Option("--force", help="With --fix: also files that git cannot bring back.")] = False
    no_import: Annotated[
        bool, typer.Option("--no-import", help="Import nothing: seconds instead of a minute, and less is seen.")
    ] = False
    seconds: Annotated[float, typer.Option(help="A DAG file may take so long to import.", min=1.0)] = 30.0
    images: Annotated[
        str | None, typer.Option("--images", help="A mirror of where AWS publishes MWAA's constraints.", metavar="URL")
    ] = None


def register(app: typer.Typer) -> None:
    """Add the verb to `mwaa migrate`."""
    app.command()(check)


@takes(Request)
def check(**given: Any) -> None:
    """Tell what a later version of Airflow does to DAGs, requirements and options that work today.

    Reads every file, resolves requirements.txt under MWAA's constraints of both versions, and imports each DAG file
    with the new Airflow, in a virtualenv of its own. Exits with 1 if something breaks. Only --fix changes files.

    Example: mwaa migrate check ~/old-mwaa --from-version 2.10.3 --to 3.3.1 --html report.html
    """
    from scripts.migrate.check.examine import examine
    from scripts.migrate.check.report import as_table, show
    from scripts.migrate.check.request import read_case

    request = Request(**given)
    if request.force and not request.fix:
        raise typer.BadParameter("it is of use with --fix only", param_hint="--force")
    if request.fix and request.old and request.folder is None:
        raise typer.BadParameter("it mends files of a FOLDER, not those in a bucket", param_hint="--fix")
    with read_case(request) as case:
        report = examine(case)
        if request.fix:
            report = _mend(case, report, request)
        if request.html:
            from scripts.migrate.check.page import write

            size = write(request.html, report)
            err.print(f"{request.html}: {size / 1000:.0f} kB", markup=False)
    if request.as_json:
        out.print_json(json.dumps(as_table(report)))
    else:
        show(report)
    if not report.healthy:
        raise typer.Exit(1)


def _mend(case: Case, report: Report, request: Request) -> Report:
    """Write what is safe, and return the report of what is left."""
    from scripts.history.text import count
    from scripts.migrate.check import fix
    from scripts.migrate.check.examine import examine
    from scripts.migrate.check.source import read_sources

    sources, _ = read_sources(case.place)
    changes = fix.plan(case.place, sources, case.move, report.findings)
    if not request.force:
        fix.refuse_dirty(changes)
    fix.write(changes)
    after = examine(case) if changes else report
    back = fix.undo(changes, report.findings, after.findings, case.place)
    for change in changes:
        name = case.place.name(change.path)
        if change in back:
            err.print(f"{name}: left as it was, since it would no longer import", markup=False)
            continue
        for line in change.diff(name):
            err.print(line, markup=False, style={"+": "green", "-": "red"}.get(line[:1]))
    kept = len(changes) - len(back)
    err.print(f"{count(kept, 'file')} mended" if kept else "There was nothing that is safe to mend.", markup=False)
    return examine(case) if back else after
