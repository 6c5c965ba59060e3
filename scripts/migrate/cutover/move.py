"""One DAG from the side that has it to the other, step by step; each step may be done again.

Airflow goes on with nothing of a paused DAG, not even with the next task of a run that has begun
(apache/airflow#71381): a DAG is paused at a moment when it has no run, not paused first and waited for.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mwaa_dbt.errors import ProjectError
from scripts.airflow.environment import Environment
from scripts.airflow.model import moment, shown
from scripts.airflow.pausing import active, set_paused
from scripts.aws import RestError
from scripts.console import Notes, step
from scripts.deploy.lock import Lock
from scripts.history.text import count
from scripts.migrate.cutover.ledger import Entry, Ledger, To
from scripts.migrate.cutover.makeup import make_up
from scripts.migrate.cutover.marks import as_has, dues, mark, run_at, succeed
from scripts.migrate.cutover.times import Tick, Timed, Turn, between, needed, newest, read_turns, stuck

POLL = 2.0  # seconds between two looks
SETTLED = 10.0  # seconds without a run after which no event of an asset is on its way
PARSED = 900.0  # seconds for a DAG processor to come round to a file
NAMED = 3  # runs in an error
GOOD = ("success", None)  # states of a first run; None: there is none yet


@dataclass(frozen=True)
class Wish:
    """How long to wait for a quiet moment, and for the first run (None: for none); from look to look. Seconds."""

    wait: float
    verify: float | None
    poll: float


@dataclass(frozen=True)
class Move:
    """The way from one side to the other."""

    giver: Environment
    taker: Environment
    to: To
    ledger: Ledger
    lock: Lock
    wish: Wish

    def back(self) -> Move:
        """Return the way back, on which no run is waited for: that side is the one that was good."""
        to: To = "old" if self.to == "new" else "new"
        return replace(self, giver=self.taker, taker=self.giver, to=to, wish=replace(self.wish, verify=None))

    def pause(self, entry: Entry) -> Entry:
        """Pause the DAG where it is, at a moment when it has no run.

        Raises:
            ProjectError: if there is none in time; the DAG then goes on where it is.
        """
        dag, name = entry.dag, self.giver.mwaa.name
        # A command that was killed in here may have paused it just as a run began.
        if active(self.giver.airflow, dag) and needed(self.giver, dag).paused:
            set_paused(self.giver.airflow, dag, False)
        quiet = SETTLED if needed(self.giver, dag).kind == "assets" else 0.0
        begun = since = time.monotonic()
        with step(f"{dag}: paused in {name} while it has no run") as notes:
            while True:
                running = active(self.giver.airflow, dag).get(dag, [])
                since = time.monotonic() if running else since
                if not running and time.monotonic() - since >= quiet and self._paused(dag):
                    break
                if time.monotonic() - begun > self.wish.wait:
                    raise self._never(dag, running)
                notes.now(f"{dag}: waiting for {_some(running)} in {name}")
                time.sleep(self.wish.poll)
        return self.ledger.save(replace(entry, step="paused"))

    def _paused(self, dag: str) -> bool:
        set_paused(self.giver.airflow, dag, True)
        if not active(self.giver.airflow, dag):
            return True
        # It began in between, and would stand still.
        set_paused(self.giver.airflow, dag, False)
        return False

    def _never(self, dag: str, running: list[str]) -> ProjectError:
        return ProjectError(
            f"DAG {dag} was never without a run for {self.wish.wait:.0f} s: {_some(running)}.",
            f"runs of {dag} in {self.giver.mwaa.name}",
            "run it again with a longer --wait or at a quieter hour; a run that hangs: mark it failed in Airflow's UI. "
            f"{dag} goes on in {self.giver.mwaa.name}",
        )

    def carry(self, entry: Entry) -> Entry:
        """Make known to the taking side what the giving one has done, and wait until its scheduler knows."""
        giver, taker = needed(self.giver, entry.dag), needed(self.taker, entry.dag)
        if entry.marks is None:
            # Written down first: after a kill, a mark that is half made must not count as a run of the taking side.
            entry = self.ledger.save(self._planned(entry, giver, taker))
        if marks := entry.marks:
            names = self.giver.mwaa.name, self.taker.mwaa.name
            with step(f"{entry.dag}: {names[1]} told what {names[0]} has done, to {shown(marks[-1][-1])}") as notes:
                for number, (run, *times) in enumerate(marks, 1):
                    notes.now(f"{entry.dag}: mark {number} of {len(marks)}")
                    mark(self.taker, taker, Tick(*map(moment, times)), self._note(run))
                if taker.kind == "time" and entry.last:
                    self._reckoned(entry.dag, moment(entry.last), notes)
                notes.append(count(len(marks), "mark"))
        return self.ledger.save(replace(entry, step="carried"))

    def _note(self, run: str) -> str:
        return f"Ran in {self.giver.mwaa.name} as {run}; a mark of `mwaa migrate`, no task ran here."

    def _planned(self, entry: Entry, giver: Timed, taker: Timed) -> Entry:
        has, done = (read_turns(side.airflow, entry.dag) for side in (self.taker, self.giver))
        for turn in stuck(has, newest(done)):
            succeed(self.taker, entry.dag, turn.run, self._note("a run of that time"))
        own = newest(has)
        turns = self._todo(entry, own)
        if taker.kind == "once" and taker.next and turns:
            return replace(entry, marks=[_mark(turns[-1], taker.next)])
        if taker.kind != "time":
            return replace(entry, marks=[])
        if not (entry.failed or (own and self.taker.is_2 and taker.catchup)):
            # The newest is enough: the scheduler goes on after it. A mark by hand does not count for that.
            turns = turns[-1:]
        known = [turn.tick.after for turn in ([own] if own else []) + ([] if entry.failed and own else turns)]
        marks = [_mark(turn, as_has(taker, turn.tick, self._dues(giver, taker, turn.tick))) for turn in turns]
        return replace(entry, marks=marks, last=max(known).isoformat() if known else None)

    def _todo(self, entry: Entry, own: Turn | None) -> list[Turn]:
        after = own.tick.after if own else None
        turns = between(read_turns(self.giver.airflow, entry.dag, after), after)
        # What has failed on a side that is left for this very reason is done again on the other.
        return [turn for turn in turns if turn.state == "success" or not entry.failed]

    def _dues(self, giver: Timed, taker: Timed, tick: Tick) -> list[datetime]:
        """Return when a schedule in cron was due before a turn, if the sides' data intervals differ."""
        side = self.giver if self.taker.is_2 else self.taker
        if side.is_2 or taker.next is None or taker.next.empty or not tick.empty or ":" in (giver.schedule or ""):
            return []
        return dues(side, giver.dag, tick.after - 2 * (taker.next.end - taker.next.start), tick.after)

    def _reckoned(self, dag: str, last: datetime, notes: Notes) -> None:
        """Wait until the taking scheduler's next run is one that has not been done."""
        begun, nudged = time.monotonic(), False
        while True:
            taker = needed(self.taker, dag)
            # It makes no run where there is one, and goes on with the next.
            if taker.next is None or taker.next.after > last or run_at(self.taker, dag, taker.next.logical):
                return
            if time.monotonic() - begun > PARSED:
                raise ProjectError(
                    f"Airflow of {self.taker.mwaa.name} still means to run {dag} for "
                    f"{shown(taker.next.after.isoformat())}, which {self.giver.mwaa.name} has done.",
                    f"DAG {dag}, its next run",
                    f"look whether its DAG processor works: `mwaa logs -c dag-processing --env {self.taker.name}`",
                )
            if not nudged:
                nudged = True
                # It is asked for, and comes round on its own if that is refused.
                with suppress(RestError):
                    self.taker.airflow.call("PUT", f"parseDagFile/{taker.token}")
            notes.now(f"{dag}: waiting for the DAG processor of {self.taker.mwaa.name}")
            time.sleep(self.wish.poll)

    def switch(self, entry: Entry) -> Entry:
        """Let the DAG run on the taking side, and make up for what was due while it ran on neither.

        Raises:
            ProjectError: if somebody has let it run on the giving side meanwhile.
        """
        self.lock.check()
        self._alone(entry)
        entry = self.ledger.save(replace(entry, step="switched"))
        with step(f"{entry.dag}: unpaused in {self.taker.mwaa.name}") as notes:
            set_paused(self.taker.airflow, entry.dag, False)
            if entry.last and (filled := make_up(self.giver, self.taker, entry.dag, moment(entry.last), notes)):
                notes.append(f"{len(filled)} that were due in between made up for")
                entry = self.ledger.save(replace(entry, filled=[date.isoformat() for date in filled]))
        return entry

    def _alone(self, entry: Entry) -> None:
        """Make sure that the giving side does nothing, and has done nothing since it was looked at."""
        dag, name, switched = entry.dag, self.giver.mwaa.name, entry.step == "switched"
        fix = "agree who moves it; then run the same command: it begins anew with this DAG"
        if not needed(self.giver, dag).paused:
            what = f"Somebody has unpaused {dag} in {name} meanwhile."
            both = f"pause it there at once, it runs on both sides: `mwaa pause {dag}`; then run the same command"
            raise ProjectError(what, f"DAG {dag} in {name}", both if switched else fix)
        looked = None if switched or entry.failed or not entry.last else moment(entry.last)
        if looked and between(read_turns(self.giver.airflow, dag), looked):
            what = f"{dag} has run in {name} since this cutover was begun."
            raise ProjectError(what, f"DAG {dag} in {name}", fix)

    def verify(self, entry: Entry) -> Entry:
        """Wait for the first run on the taking side.

        Returns:
            The entry: "done" after a run, with its state; "waits" if the schedule has none in time.

        Raises:
            ProjectError: if it still runs when the time is over.
        """
        if self.wish.verify is None:
            return self.ledger.save(replace(entry, step="done"))
        if needed(self.taker, entry.dag).kind != "time":
            return self.ledger.save(replace(entry, step="waits", note="no time is set for its first run"))
        end = time.monotonic() + self.wish.verify
        with step(f"{entry.dag}: first run in {self.taker.mwaa.name}") as notes:
            while (found := self._first(entry, end - time.monotonic())) is None:
                notes.now(f"{entry.dag}: waiting for its first run in {self.taker.mwaa.name}")
                time.sleep(self.wish.poll)
            notes.append(found.first_state or found.note)
        # Not ended: a command that is killed before the way back finds it so.
        return self.ledger.save(found if found.first_state in GOOD else replace(found, step="switched"))

    def _first(self, entry: Entry, left: float) -> Entry | None:
        after = moment(entry.last) if entry.last else None
        turns = between(read_turns(self.taker.airflow, entry.dag, after), after)
        coming = needed(self.taker, entry.dag).next
        if turns:
            first = replace(entry, first=turns[0].tick.after.isoformat(), first_state=turns[0].state, step="done")
            if turns[0].state in ("success", "failed"):
                return first
            if left <= 0:
                raise self._slow(entry.dag, turns[0])
        elif coming is None or (coming.after - datetime.now(UTC)).total_seconds() > max(left, 0.0):
            due = coming.after.isoformat() if coming else None
            return replace(entry, step="waits", first=due, note=f"first run {shown(due) or 'never'}")
        elif left <= 0:
            due = coming.after.isoformat()
            return replace(entry, step="done", first=due, first_state="missing", note="no run was made")
        return None

    def _slow(self, dag: str, turn: Turn) -> ProjectError:
        return ProjectError(
            f"DAG {dag} is in {self.taker.mwaa.name}; its first run there has not ended in {self.wish.verify:.0f} s.",
            f"run {turn.run}: {turn.state}",
            "run the same command again: it waits for this run; with a longer --verify it waits longer",
        )


def _mark(turn: Turn, tick: Tick) -> list[str]:
    return [turn.run, *(date.isoformat() for date in tick)]


def _some(runs: list[str]) -> str:
    if not runs:
        return "a moment of rest"
    return f"{', '.join(runs[:NAMED])}{' …' if len(runs) > NAMED else ''}"
