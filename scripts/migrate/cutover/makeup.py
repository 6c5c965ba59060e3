"""What was due while a DAG was paused on both sides: a schedule without catchup would leave it out."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from scripts.airflow.environment import Environment
from scripts.aws import RestError
from scripts.console import Notes
from scripts.migrate.cutover.marks import REFUSED, as_has, backfill, by_hand, dues, missing, run_at
from scripts.migrate.cutover.times import Tick, Timed, needed, newest, read_turns

CAUGHT = 120.0  # seconds for a scheduler to have made all that is due
POLL = 1.0


def make_up(giver: Environment, taker: Environment, dag: str, last: datetime, notes: Notes) -> list[datetime]:
    """Make the runs that are due after a moment and that the taking scheduler leaves out; return their logical dates.

    Args:
        giver: the side that the DAG was on.
        taker: the side that it is on, unpaused.
        dag: the DAG.
        last: from when on; the taking side has a run for that turn.
        notes: of the step.
    """
    timed = _caught_up(taker, dag, notes)
    since = newest(turn for turn in read_turns(taker.airflow, dag, last) if turn.tick.after <= last)
    if timed.next is None or since is None:
        return []
    if taker.is_2:
        return _by_hand(giver, taker, timed, last)
    try:
        # From the last one on, though it is there: a schedule of a time span is reckoned from where one begins.
        dates = missing(taker, dag, since.tick.logical, timed.next.logical)
        if dates:
            backfill(taker, dag, since.tick.logical, dates[-1], timed.most)
    except RestError as error:
        if error.status not in REFUSED:
            raise
        # The DAG is on this side already: better told than stopped at.
        notes.append(f"what was due in between is not made up for: {error.what}")
        return []
    return dates


def _caught_up(taker: Environment, dag: str, notes: Notes) -> Timed:
    """Return the DAG once its scheduler has made what is due, so that what is missing then is left out for good.

    With catchup it leaves out nothing that comes later than its next run.
    """
    end = time.monotonic() + CAUGHT
    while True:
        timed = needed(taker, dag)
        due = timed.next is not None and timed.next.after <= datetime.now(UTC)
        if timed.catchup or not due or time.monotonic() > end:
            return timed
        notes.now(f"{dag}: waiting for the scheduler of {taker.mwaa.name}")
        time.sleep(POLL)


def _by_hand(giver: Environment, taker: Environment, timed: Timed, last: datetime) -> list[datetime]:
    """Make them one by one, since Airflow 2 has no call for a span; when they were due only Airflow 3 tells."""
    if giver.is_2 or timed.next is None:
        return []
    coming = needed(giver, timed.dag).next
    moments = {last, *dues(giver, timed.dag, last, timed.next.after), *((coming.start, coming.end) if coming else ())}
    made = []
    for due in sorted(due for due in moments if last < due < timed.next.after):
        tick = as_has(timed, Tick(due, due, due, due), sorted(moments))
        if run_at(taker, timed.dag, tick.logical) is None:
            by_hand(taker, timed.dag, tick)
            made.append(tick.logical)
    return made
