"""The data that a scheduled run is for, as a window of time; for tasks, and for the plan of a backfill."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Airflow's own (airflow/timetables/_cron.py), of which croniter knows most.
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
FORM = "%Y-%m-%dT%H:%M:%S"  # of dbt's options, which know no time zone


class Window(NamedTuple):
    """From a moment, to before another, both in UTC."""

    start: datetime
    end: datetime

    @property
    def texts(self) -> tuple[str, str]:
        """Both ends as dbt takes them, in UTC."""
        return self.start.strftime(FORM), self.end.strftime(FORM)


class Schedule(NamedTuple):
    """When a DAG runs: by a cron expression in a time zone, or each so often."""

    cron: str | None = None
    zone: tzinfo = UTC
    delta: timedelta | None = None

    @property
    def step(self) -> timedelta:
        """The unit that all its windows begin and end with: a DAG that runs at 05:00 each day is for whole days.

        It is the schedule's and not a run's, so that the windows of all runs lie end to end.
        """
        if self.cron:
            minute, hour = PRESETS.get(self.cron, self.cron).split()[:2]
            return DAY if minute.isdigit() and hour.isdigit() else HOUR if minute.isdigit() else MINUTE
        return next((unit for unit in (DAY, HOUR) if self.delta and not self.delta % unit), MINUTE)

    def before(self, moment: datetime) -> datetime:
        """Return when the run before that of a moment was due."""
        if self.delta:
            return moment - self.delta
        return self._neighbour(moment, "get_prev")

    def after(self, moment: datetime) -> datetime:
        """Return when the run after that of a moment is due."""
        if self.delta:
            return moment + self.delta
        return self._neighbour(moment, "get_next")

    def window(self, start: datetime, end: datetime) -> Window:
        """Return the window of a run whose data lies between two moments."""
        first, last = (_floor(moment.astimezone(UTC), self.step) for moment in (start, end))
        # When clocks are put forward, two runs may fall on one day of UTC.
        return Window(first, max(last, first + self.step))

    def _neighbour(self, moment: datetime, which: str) -> datetime:
        from croniter import croniter  # not in each DAG file's parse

        expression = PRESETS.get(self.cron or "", self.cron)
        found: Callable[[Any], datetime] = getattr(croniter(expression, moment.astimezone(self.zone)), which)
        return found(datetime).astimezone(UTC)


def _floor(moment: datetime, step: timedelta) -> datetime:
    epoch = datetime.fromtimestamp(0, UTC)
    return moment - (moment - epoch) % step
