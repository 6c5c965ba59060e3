"""DAGs that say nothing of the past."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.migrate.check.finding import Finding, Rule
from scripts.migrate.check.rules.intervals import drawn, is_timed, schedule_of
from scripts.migrate.check.source import Move, Source, argument

CATCHUP = Rule("catchup", "changes", "a scheduled DAG that does not say whether it catches up")
OPTION = "scheduler.catchup_by_default"


def check(source: Source, move: Move) -> Iterator[Finding]:
    """Yield scheduled DAGs without catchup, whose default has turned round."""
    if not move.crosses or OPTION in move.options:
        return
    for call in drawn(source):
        schedule = schedule_of(source, call)
        if is_timed(source, schedule) and argument(call, "catchup") is None and all(one.arg for one in call.keywords):
            what = (
                "the DAG has no catchup: Airflow 2 ran the intervals that were missed, Airflow 3 runs the last one only"
            )
            yield source.finding(call, CATCHUP, what, f'write catchup=True or False, or set "{OPTION}" = "True"')
