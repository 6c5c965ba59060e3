"""DAGs from the old side to the new one, some at a time, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby

from mwaa_dbt.errors import ProjectError
from scripts.airflow.pausing import set_paused
from scripts.console import err
from scripts.deploy.lock import Lock
from scripts.migrate.cutover.ledger import Entry, Ledger, To
from scripts.migrate.cutover.move import GOOD, Move, Wish
from scripts.migrate.cutover.rows import Row
from scripts.migrate.cutover.times import needed
from scripts.migrate.sides import Sides


@dataclass(frozen=True)
class Cutover:
    """A cutover that holds the lock."""

    sides: Sides
    ledger: Ledger
    lock: Lock
    wish: Wish

    def run(self, rows: Sequence[Row], to: To, at_once: int) -> list[Entry]:
        """Move DAGs, in sets of so many units, and return how they ended; the first set that fails ends it.

        A unit is a DAG, or those that hang together by assets. What an earlier command has begun is ended first.

        Raises:
            ProjectError: if a set failed, or something refused; every DAG is then on one side, or named.
        """
        begun = [entry for entry in self.ledger.entries.values() if not entry.ended]
        if to == "old":
            begun = [entry for entry in begun if not self._reversed(entry)]
        for way in ("old", "new"):
            if entries := [entry for entry in begun if entry.to == way]:
                err.print(f"Going on with {', '.join(entry.dag for entry in entries)}, begun before.", markup=False)
                self._batch(self._move(way), [[entry] for entry in entries])
            if to == "new" and (failed := [entry for entry in entries if entry.failed]):
                raise self._went_back(failed)
        done = [entry.dag for entry in begun]
        wanted = [row for row in rows if row.dag not in done and self._is_to(row, to)]
        sets = [[row.dag for row in unit] for _, unit in groupby(wanted, lambda row: row.unit)]
        for first in range(0, len(sets), at_once):
            units = [[Entry(dag, to, "begun") for dag in unit] for unit in sets[first : first + at_once]]
            self._batch(self._move(to), units)
        return [self.ledger.entries[dag] for dag in [*done, *(row.dag for row in wanted)]]

    def _reversed(self, entry: Entry) -> bool:
        """End what was begun towards the new side, if it is all to go back; say whether it was that."""
        if entry.to == "new" and entry.between:
            self._settle(self._move("new"), entry)
        elif entry.to == "new":
            self.ledger.save(replace(entry, step="done"))
        return entry.to == "new"

    def _is_to(self, row: Row, to: To) -> bool:
        now = self.ledger.entries.get(row.dag)
        if row.place == "between":
            # It has just been ended, above.
            return to == "old" and now is not None and now.ended and now.to == "new"
        return row.place == ("old" if to == "new" else "new")

    def _move(self, to: To) -> Move:
        move = Move(self.sides.old, self.sides.new, "new", self.ledger, self.lock, self.wish)
        return move if to == "new" else move.back()

    def _batch(self, move: Move, units: Sequence[Sequence[Entry]]) -> None:
        entries = [entry for unit in units for entry in unit]
        with self._whole(move, entries):
            for entry in entries:
                now = self.ledger.entries.get(entry.dag)
                if now is None or now.ended or now.to != entry.to:
                    self.ledger.save(entry)
            # Who makes assets is paused first, so that who waits for them has them all; and let run last.
            self._each(move.pause, entries, "begun")
            self._each(move.carry, entries, "paused")
            self._each(move.switch, entries[::-1], "carried", "switched")
            self._each(move.verify, entries, "switched")
        bad = [unit for unit in units if any(self._now(entry).first_state not in GOOD for entry in unit)]
        if bad and move.to == "new":
            self._return(move, [entry for unit in bad for entry in unit])

    def _now(self, entry: Entry) -> Entry:
        return self.ledger.entries[entry.dag]

    def _each(self, act: Callable[[Entry], Entry], entries: Sequence[Entry], *steps: str) -> None:
        for entry in entries:
            if self._now(entry).step in steps:
                act(self._now(entry))

    def _return(self, move: Move, entries: Sequence[Entry]) -> None:
        failed = [now for entry in entries if (now := self._now(entry)).first_state not in GOOD]
        what = "; ".join(f"{entry.dag} for {entry.first}: {entry.first_state}" for entry in failed)
        err.print(f"[red]The first run in {move.taker.mwaa.name} was not good[/] ({what}): going back.")
        back = [[Entry(entry.dag, "old", "begun", failed=True) for entry in entries]]
        self._batch(move.back(), back)
        raise self._went_back(failed)

    def _went_back(self, failed: Sequence[Entry]) -> ProjectError:
        dags, old, new = ", ".join(entry.dag for entry in failed), self.sides.old.mwaa.name, self.sides.new
        return ProjectError(
            f"The first run in {new.mwaa.name} was not good: {dags}. What hangs together runs in {old} again, which "
            "does what failed there anew.",
            f"runs of {failed[0].dag} in {new.mwaa.name}",
            f"`mwaa logs {failed[0].dag} --env {new.name}` shows what failed; mend it, then run the same command",
        )

    @contextmanager
    def _whole(self, move: Move, entries: Sequence[Entry]) -> Iterator[None]:
        """Leave each DAG on one side, whatever ends this."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit, ProjectError):
            for entry in entries:
                if (now := self.ledger.entries.get(entry.dag)) and now.to == move.to:
                    self._settle(move, now)
            raise

    def _settle(self, move: Move, now: Entry) -> None:
        giver, taker = move.giver.mwaa.name, move.taker.mwaa.name
        if now.step == "switched":
            err.print(f"{now.dag} is in {taker}; the same command goes on with it.", markup=False)
        if not now.between:
            return
        if now.failed:
            err.print(f"{now.dag} is on its way back to {taker}; the same command goes on with it.", markup=False)
            return
        try:
            if needed(move.giver, now.dag).paused:
                set_paused(move.giver.airflow, now.dag, False)
            self.ledger.save(Entry(now.dag, "old" if move.to == "new" else "new", "done", note="interrupted"))
            err.print(f"{now.dag} stays in {giver}.", markup=False)
        except ProjectError as error:
            what = f"{now.dag} may be paused on both sides; the same command goes on with it. ({error.what})"
            err.print(what, style="yellow", markup=False)
