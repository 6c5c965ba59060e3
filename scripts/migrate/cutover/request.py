"""`mwaa migrate plan` and `cutover`: what they may be asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mwaa_dbt.errors import ProjectError
from scripts.console import err, out
from scripts.flags import Json, takes
from scripts.migrate.between import Between

if TYPE_CHECKING:
    from scripts.migrate.cutover.rows import Row
    from scripts.migrate.sides import Sides

WAIT, VERIFY, POLL = 3600.0, 600.0, 2.0  # seconds

Names = Annotated[
    list[str] | None,
    typer.Argument(help="DAG ids, or patterns in quotes: 'shop_*'.", metavar="DAG", show_default=False),
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="DAGs with this tag; may be given again.", metavar="TAG")]
Split = Annotated[bool, typer.Option("--split", help="Even if DAGs that share assets with these stay where they are.")]
Verify = Annotated[
    float,
    typer.Option("--verify", min=1.0, help="Seconds for the first run there; if it fails, back.", metavar="SECONDS"),
]
NoVerify = Annotated[bool, typer.Option("--no-verify", help="Look at no run; leave each DAG where it is then.")]


@dataclass(frozen=True)
class Request(Between):
    """The arguments and options that both have."""

    names: Names = None
    tags: Tags = None
    as_json: Json = False


@dataclass(frozen=True)
class CutoverRequest(Request):
    """The arguments and options of `cutover`."""

    all_dags: Annotated[bool, typer.Option("--all", help="All DAGs that run in the old environment.")] = False
    group: Annotated[
        int, typer.Option("--group", min=1, help="How many at a time; what shares assets counts as one.", metavar="N")
    ] = 1
    wait: Annotated[
        float, typer.Option("--wait", min=0.0, help="Seconds to wait for a moment without a run.", metavar="SECONDS")
    ] = WAIT
    verify: Verify = VERIFY
    no_verify: NoVerify = False
    poll: Annotated[
        float, typer.Option("--poll", min=0.1, help="Seconds from one look at Airflow to the next.", metavar="SECONDS")
    ] = POLL
    split: Split = False
    back: Annotated[bool, typer.Option("--return", help="Take the DAGs back into the old environment.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")] = False
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False

    def check(self) -> None:
        """Refuse options that make no sense together.

        Raises:
            typer.BadParameter: with what to give or leave out.
        """
        if self.all_dags == bool(self.names or self.tags):
            raise typer.BadParameter("name DAGs, patterns or --tag; or --all", param_hint="DAG")
        if self.no_verify and self.verify != VERIFY:
            raise typer.BadParameter("one of the two", param_hint="--verify, --no-verify")


def register(app: typer.Typer) -> None:
    """Add the verbs to `mwaa migrate`."""
    app.command()(plan)
    app.command()(cutover)


@takes(Request)
def plan(**given: Any) -> None:
    """Show what a cutover would do with each DAG, in which order, and what blocks it; changes nothing.

    Exits with 1 if something is blocked.

    Example: mwaa migrate plan --from old-prod --env prod
    """
    request = Request(**given)
    from scripts.migrate.cutover import report as cutover_report
    from scripts.migrate.cutover.ledger import find_ledger
    from scripts.migrate.cutover.rows import Choice, read_rows

    sides = request.sides()
    choice = Choice(request.names or (), request.tags or ())
    rows = read_rows(sides, find_ledger(sides), choice, across=True)
    cutover_report.tell_plan(sides, rows, request.as_json)
    raise typer.Exit(1 if any(row.blocks for row in rows) else 0)


@takes(CutoverRequest)
def cutover(**given: Any) -> None:
    """Let DAGs run in the new environment instead of the old one: no interval twice, none left out.

    Each is paused in the old one while it has no run; the new one is told what was done, goes on after it, and takes
    it back if its first run fails. The same command goes on with what was interrupted.

    Example: mwaa migrate cutover 'shop_*' --from old-prod --env prod --verify 1800
    """
    request = CutoverRequest(**given)
    request.check()
    from scripts.migrate.cutover import report as cutover_report
    from scripts.migrate.cutover.ledger import find_ledger, held
    from scripts.migrate.cutover.move import Wish
    from scripts.migrate.cutover.rows import Choice, read_rows
    from scripts.migrate.cutover.run import Cutover

    sides = request.sides()
    choice = Choice(request.names or (), request.tags or (), request.split)
    if request.dry_run:
        cutover_report.tell_plan(sides, read_rows(sides, find_ledger(sides), choice, across=True), request.as_json)
        return
    with held(sides) as lock:
        ledger = find_ledger(sides)
        rows = read_rows(sides, ledger, choice)
        _agree(sides, rows, [entry.dag for entry in ledger.entries.values() if not entry.ended], request)
        wish = Wish(request.wait, None if request.no_verify else request.verify, request.poll)
        entries = Cutover(sides, ledger, lock, wish).run(rows, "old" if request.back else "new", request.group)
    if request.as_json:
        out.print_json(json.dumps(cutover_report.entries_table(entries)))
    elif entries:
        cutover_report.show_entries(sides, entries)
    else:
        out.print(
            f"Nothing to do: no DAG that is named runs in {(sides.new if request.back else sides.old).mwaa.name}."
        )


def _agree(sides: Sides, rows: Sequence[Row], begun: Sequence[str], request: CutoverRequest) -> None:
    """Return if nothing blocks it and somebody has said yes.

    Raises:
        ProjectError: if something does, or nobody can be asked.
    """
    from scripts.env.confirm import confirm
    from scripts.migrate.cutover.report import show_blocks

    blocked = [row for row in rows if row.blocks and (not request.back or row.place == "both")]
    if blocked:
        show_blocks(blocked)
        raise ProjectError(
            f"{len(blocked)} of {len(rows)} DAGs cannot be cut over: {', '.join(row.dag for row in blocked)}. "
            "Nothing was changed.",
            f"{sides.old.mwaa.name} → {sides.new.mwaa.name}",
            "see above; or name the others",
        )
    moving = [*begun, *(row.dag for row in rows if row.place == ("new" if request.back else "old"))]
    if moving:
        to = (sides.old if request.back else sides.new).mwaa.name
        err.print(f"To {to}: {', '.join(moving)}", markup=False)
        confirm("Go on?", request.yes)
