"""What a cutover would do with each DAG, and what keeps it from doing so. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.find import all_dags, match_names
from scripts.airflow.model import Dag, moment, shown
from scripts.airflow.pausing import active
from scripts.airflow.rest import dag_path
from scripts.console import step
from scripts.history.text import count
from scripts.migrate.cutover.ledger import Entry, Ledger
from scripts.migrate.cutover.links import neighbours, read_feeds, units
from scripts.migrate.cutover.times import Timed, Turn, needed, newest, read_timed, read_turns, stuck
from scripts.migrate.sides import Sides

# Operators that wait for other DAGs or start them; which ones, Airflow's API does not say.
ACROSS = ("ExternalTaskSensor", "ExternalTaskMarker", "TriggerDagRunOperator", "ExternalDagSensor")


class Block(NamedTuple):
    """What keeps a DAG from being cut over, and what mends it."""

    what: str
    fix: str


@dataclass(frozen=True)
class Row:
    """A DAG on both sides."""

    dag: str
    old: Timed
    new: Timed | None
    last: Turn | None
    own: Turn | None
    running: Sequence[str]
    running_new: Sequence[str]
    entry: Entry | None
    unit: int
    blocks: list[Block] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where its schedule runs now: old, new, both, neither, or between."""
        if self.entry and not self.entry.ended:
            return "between"
        old, new = not self.old.paused, bool(self.new and not self.new.paused)
        return {(True, False): "old", (False, True): "new", (True, True): "both"}.get((old, new), "neither")


class Choice(NamedTuple):
    """Which DAGs are meant: by name, pattern or tag; all of the old side if by neither.

    With `split` also without those that they hang together with.
    """

    names: Sequence[str] = ()
    tags: Sequence[str] = ()
    split: bool = False


def read_rows(sides: Sides, ledger: Ledger, choice: Choice, across: bool = False) -> list[Row]:
    """Return the DAGs that are meant, those first whose assets others wait for.

    Args:
        sides: both environments.
        ledger: what is known of the cutover.
        choice: which DAGs.
        across: ask for operators that reach other DAGs, too: a call for each DAG.

    Raises:
        ProjectError: if a name or pattern names no DAG.
    """
    with step(f"DAGs of {sides.old.mwaa.name} and {sides.new.mwaa.name}") as notes:
        known = all_dags(sides.old.airflow)
        chosen = choose(sides.old, known, choice)
        # Assets are those of both sides: a file may have changed.
        feeds = _joined(read_feeds(sides.old.airflow), read_feeds(sides.new.airflow))
        runs = active(sides.old.airflow), active(sides.new.airflow)
        paused = {dag.dag for dag in known if dag.paused}
        rows = list[Row]()
        for number, together in enumerate(units(chosen, feeds), 1):
            for dag in together:
                notes.now(f"{dag}, {len(rows) + 1} of {len(chosen)}")
                row = _row(sides, dag, (runs[0].get(dag, []), runs[1].get(dag, [])), ledger.entries.get(dag), number)
                left = sorted((neighbours(dag, feeds) - {*chosen} - paused) if not choice.split else ())
                rows.append(_judged(sides, row, left))
                if across:
                    rows[-1].notes.extend(_across(sides.old, dag))
        notes.append(f"{len(rows)} looked at")
    return rows


def choose(side: Environment, known: Sequence[Dag], choice: Choice) -> list[str]:
    """Return the names of the DAGs that are meant.

    Raises:
        ProjectError: if a name, pattern or tag names none.
    """
    there = {dag.dag: dag for dag in known if dag.there}
    if not (choice.names or choice.tags):
        return [*there]
    found = dict.fromkeys(match_names(side, choice.names, [*there]))
    for tag in choice.tags:
        matching = [dag.dag for dag in there.values() if tag in dag.tags]
        if not matching:
            tags = sorted({one for dag in there.values() for one in dag.tags})
            fix = f"use one of: {', '.join(tags)}" if tags else "name DAGs"
            raise ProjectError(f"No DAG has the tag {tag!r}.", f"DAGs of {side.mwaa.name}", fix)
        found |= dict.fromkeys(matching)
    return [*found]


def _joined(*feeds: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {dag: set[str]().union(*(one.get(dag, set()) for one in feeds)) for one in feeds for dag in one}


def _row(sides: Sides, dag: str, running: tuple[list[str], list[str]], entry: Entry | None, unit: int) -> Row:
    old, new = needed(sides.old, dag), read_timed(sides.new, dag)
    last = newest(read_turns(sides.old.airflow, dag))
    turns = read_turns(sides.new.airflow, dag) if new else []
    left = {turn.run for turn in stuck(turns, last)}
    mine = [run for run in running[1] if run not in left]
    return Row(dag, old, new, last, newest(turns), running[0], mine, entry, unit)


def _judged(sides: Sides, row: Row, left: Sequence[str]) -> Row:
    old, new, name = sides.old.mwaa.name, sides.new.mwaa.name, sides.new.name
    if row.new is None or not row.new.there:
        fix = f"deploy it to {new}; `mwaa errors --env {name}` shows files that do not import"
        row.blocks.append(Block(f"is missing in {new}", fix))
        return row
    if row.new.broken:
        row.blocks.append(Block(f"its file does not import in {new}", f"`mwaa errors --env {name}` shows why"))
    if row.place == "both":
        what = f"is unpaused in {old} and in {new}: it runs twice now"
        row.blocks.append(Block(what, f"`mwaa pause {row.dag} --env {name}` at once"))
    if row.place in ("old", "both") and row.running_new:
        many = count(len(row.running_new), "unfinished run")
        what = f"has {many} in {new}: {', '.join(row.running_new[:3])}"
        row.blocks.append(Block(what, f"let them end, or mark them in Airflow's UI (`mwaa open --env {name}`)"))
    if row.old.rhythm != row.new.rhythm:
        was, will = (" ".join(part for part in one.rhythm if part) for one in (row.old, row.new))
        row.blocks.append(Block(f"has the schedule {was!r} in {old} and {will!r} in {new}", "make both the same"))
    if sides.new.is_2 and row.new.catchup and row.last and row.own is None and row.place == "old":
        what = f"has catchup, and {new} would begin with its start date: Airflow 2 takes no mark that counts"
        row.blocks.append(Block(what, "bring its history first: `mwaa migrate import`"))
    if left and row.place == "old":
        what = f"shares assets with {', '.join(left)}, which would stay in {old}: their events stay on their side"
        row.blocks.append(Block(what, f"name them, too: {' '.join([row.dag, *left])}; or --split"))
    row.notes.extend(_notes(sides, row, row.new))
    return row


def _notes(sides: Sides, row: Row, new: Timed) -> Iterable[str]:
    if row.place == "neither":
        yield f"paused in {sides.old.mwaa.name}: stays paused, nothing to move"
    if row.last and row.last.state == "failed":
        yield f"its last run failed ({row.last.run}); {sides.new.mwaa.name} does not run it again"
    if row.last and new.next and new.kind == "time" and row.last.tick.empty != new.next.empty:
        yield "its data interval is another one in the new Airflow: ds and data_interval_* differ by a period"
    if new.kind == "continuous":
        yield "@continuous: the data interval of the first new run begins at the DAG's start date"
    if new.kind == "once" and row.last and new.next is None:
        yield "@once: nothing is left to run"
    if row.entry and row.entry.step == "waits" and row.place == "new":
        yield f"its first run in {sides.new.mwaa.name} is not seen yet: {row.entry.note}"


def _across(side: Environment, dag: str) -> Iterable[str]:
    found = side.airflow.call("GET", f"{dag_path(dag)}/tasks") or {"tasks": []}
    for task in found["tasks"]:
        operator = str(task.get("operator_name") or (task.get("class_ref") or {}).get("class_name") or "")
        if operator in ACROSS:
            yield f"task {task['task_id']} ({operator}) reaches another DAG: keep both on one side"


def coming(timed: Timed | None) -> str:
    """Return when a DAG runs next, as a table shows it."""
    return shown(timed.next.after.isoformat()) if timed and timed.next else ""


def first_new(row: Row) -> str:
    """Return the turn that the new side would begin with, as a table shows it."""
    if row.new is None or row.new.kind != "time":
        return {"assets": "next event", "continuous": "at once", "none": "by hand"}.get(row.old.kind, coming(row.new))
    # The old side's own next turn is that after its last one, whichever side runs it.
    known = [timed.next.after for timed in (row.old, row.new) if timed.next]
    after = [due for due in known if row.last is None or due > row.last.tick.after]
    return shown(min(after).isoformat()) if after else ""


def at(text: str | None) -> str:
    """Return a moment of an entry, as a table shows it."""
    return shown(moment(text).isoformat()) if text else ""
