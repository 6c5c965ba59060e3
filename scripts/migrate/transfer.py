"""`mwaa migrate export`, `import` and `secrets`: their options, and what they print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from mwaa_dbt.tables import suggestion
from scripts.console import err, out, wide
from scripts.flags import Env, Json, takes
from scripts.history.text import first
from scripts.migrate.between import Between, From

TOLD = 20  # objects of one kind that are listed for a person; --json has all

Folder = Annotated[
    str | None,
    typer.Option(
        "--folder",
        help="Where exports are: s3://bucket/folder. \\[default: migrate/ in the new environment's bucket]",
        metavar="ADDRESS",
        show_default=False,
    ),
]
History = Annotated[bool, typer.Option("--history", help="Runs, task instances and audit log, too (Airflow 2).")]
Tables = Annotated[
    list[str] | None,
    typer.Option("--table", help="Of the history only dag_run, task_instance, log or xcom; may be given again."),
]
Days = Annotated[int | None, typer.Option("--days", min=1, help="History of so many days. \\[default: all]")]
OnConflict = Annotated[
    Literal["stop", "keep", "replace"],
    typer.Option("--on-conflict", help="What to do about an object that is there and differs."),
]
Role = Annotated[
    str | None, typer.Option("--role", help="A role of the new account that makes the secrets.", metavar="ARN")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Compare everything, write nothing.")]


@dataclass(frozen=True)
class Export(Between):
    """The options of `mwaa migrate export`."""

    folder: Folder = None
    history: History = False
    tables: Tables = None
    days: Days = None
    as_json: Json = False


@dataclass(frozen=True)
class Import:
    """The options of `mwaa migrate import`."""

    old: From
    environment: Env = "local"
    folder: Folder = None
    on_conflict: OnConflict = "stop"
    dry_run: DryRun = False
    as_json: Json = False


@dataclass(frozen=True)
class Secrets(Between):
    """The options of `mwaa migrate secrets`."""

    everything: Annotated[bool, typer.Option("--all", help="Variables that are no secrets, too.")] = False
    role: Role = None
    folder: Folder = None
    on_conflict: OnConflict = "stop"
    dry_run: DryRun = False
    remove: Annotated[
        bool, typer.Option("--remove", help="Delete from the old database what Secrets Manager has equal.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", help="Delete it unasked.")] = False
    as_json: Json = False


def register(app: typer.Typer) -> None:
    """Add the verbs to `mwaa migrate`."""
    app.command("export")(export)
    app.command("import")(bring)
    app.command("secrets")(secrets)


@takes(Export)
def export(**given: Any) -> None:
    """Write the old environment's variables, pools, connections and DAG pauses to S3, without any secret.

    With --history its runs, too, if it has Airflow 2: a maintenance DAG reads them, and is taken away again.
    Interrupted, it goes on with the next command; the export before stays whole until this one is.

    Example: mwaa migrate export --from old-prod --env prod --history --days 30
    """
    from scripts.migrate.export import KNOWN, TABLES, Wish
    from scripts.migrate.export import export as run

    wanted = Export(**given)
    if wanted.days and not (wanted.history or wanted.tables):
        raise typer.BadParameter("is for --history or --table", param_hint="--days")
    for name in wanted.tables or ():
        if name not in KNOWN:
            known = f"{suggestion(name, list(KNOWN))} Use one of: {', '.join(KNOWN)}"
            raise typer.BadParameter(f"there is no table {name!r}.{known}", param_hint="--table")
    tables = tuple(wanted.tables or (TABLES if wanted.history else ()))
    sides = wanted.sides()
    manifest = run(sides, Wish(tables, wanted.days, wanted.folder))
    if wanted.as_json:
        out.print_json(json.dumps(manifest))
        return
    table = Table("table", "rows", "left out")
    for name, noted in manifest["tables"].items():
        left = f"secret parts of {noted['secret']}" if noted.get("secret") else ""
        table.add_row(name, str(noted["rows"]), left or (f"{noted['left']} not done" if noted.get("left") else ""))
    wide(table)
    out.print(f"Next: mwaa migrate import --from {wanted.old} --env {wanted.environment}", markup=False)


@takes(Import)
def bring(**given: Any) -> None:
    """Bring an export into the new environment; what is there already and equal stays, so it can be repeated.

    No DAG is unpaused: as long as the old one runs, it would run twice. The old environment is not asked.

    Example: mwaa migrate import --from old-prod --env prod --on-conflict keep
    """
    from scripts.airflow.environment import find_environment
    from scripts.migrate.bring import bring as run
    from scripts.migrate.place import find_place
    from scripts.migrate.sides import name_of
    from scripts.paths import find_project

    wanted, paths = Import(**given), find_project()
    new = find_environment(wanted.environment, paths)
    done = run(new, find_place(new, name_of(paths, wanted.old), wanted.folder), wanted.on_conflict, wanted.dry_run)
    if wanted.as_json:
        out.print_json(json.dumps({**asdict(done), "changed": done.changed}))
    else:
        _show_counts(done.counts, wanted.dry_run)
        _show_left("left", done.left)
        _show_left("failed", done.failed)
        if done.history:
            out.print(done.history, markup=False)
        if not done.changed and not done.failed:
            out.print("Nothing had to be changed.")
    if done.failed:
        raise typer.Exit(1)


@takes(Secrets)
def secrets(**given: Any) -> None:
    """Move connections and secret variables of the old environment's database into Secrets Manager.

    A maintenance DAG there decrypts them in its memory and writes them under the new environment's names; no value
    comes to this machine, a log, XCom or S3. --remove then deletes from the old database what is equal.

    Example: mwaa migrate secrets --from old-prod --env prod --dry-run
    """
    from mwaa_dbt.settings import load
    from scripts.migrate import move
    from scripts.migrate.place import find_place
    from scripts.paths import find_project

    wanted, paths = Secrets(**given), find_project()
    if wanted.remove and wanted.dry_run:
        raise typer.BadParameter("--dry-run alone tells what --remove would find equal", param_hint="--remove")
    sides = wanted.sides()
    place = find_place(sides.new, sides.old.mwaa.name, wanted.folder)
    compare = wanted.dry_run or wanted.remove
    wish = move.Wish(compare, wanted.everything, wanted.role, wanted.on_conflict)
    report = move.move(sides, load(paths.settings).environment(wanted.environment), place, wish)
    if wanted.remove:
        report = _remove(sides.old, report, wanted.yes)
    if wanted.as_json:
        out.print_json(json.dumps(move.as_table(report)))
    else:
        _show_report(report, wanted)
    stopped = wanted.on_conflict == "stop" and report.counts["differs"] and not compare
    if report.counts["failed"] or stopped:
        raise typer.Exit(1)


def _remove(old: Any, report: Any, yes: bool) -> Any:
    from scripts.env.confirm import confirm
    from scripts.migrate import move

    equal = report.counts["equal"]
    if not equal:
        return report
    question = (
        f"Delete {equal} connections and variables of {old.mwaa.name} that Secrets Manager has equal? DAGs "
        "there find them no more, unless that environment asks Secrets Manager for these names."
    )
    confirm(question, yes)
    others = [row for row in report.rows if row.state != "equal"]
    return move.Report([*move.remove(old, report.rows), *others])


def _show_counts(counts: Mapping[str, Mapping[str, int]], dry: bool) -> None:
    would = "would be " if dry else ""
    table = Table("kind", f"{would}created", f"{would}replaced", "equal already", "others, kept")
    for kind, one in counts.items():
        table.add_row(kind, *(str(one[name]) for name in ("created", "replaced", "equal", "kept")))
    wide(table)


def _show_left(word: str, rows: Iterable[Any]) -> None:
    by_reason: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        by_reason.setdefault((row.kind, row.why), []).append(row.id)
    for (kind, why), ids in by_reason.items():
        out.print(f"{word}: {kind} {first(ids, TOLD)}: {why}", markup=False)


def _show_report(report: Any, wanted: Secrets) -> None:
    for state in ("moved", "new", "equal", "differs", "removed"):
        if ids := [f"{row.kind}/{row.id}" for row in report.rows if row.state == state]:
            out.print(f"[bold]{state}[/] {len(ids)}: {escape(first(ids, TOLD))}")
    for state in ("skipped", "failed"):
        _show_left(state, [row for row in report.rows if row.state == state])
    if report.counts["differs"] and wanted.on_conflict == "stop":
        err.print(
            "Secrets Manager has others under these names, so nothing was written: --on-conflict keep leaves them, "
            "replace gives them the old environment's values."
        )
    if report.settings:
        err.print("\nAirflow asks Secrets Manager for what settings.toml declares alone. It lacks:", markup=False)
        out.print(report.settings, markup=False)
