"""Which rows a run's microbatch models build: dbt's newest batches, unless the run is for other ones."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from mwaa_dbt.airflow_sdk import AirflowFailException
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.window import Schedule, Window

PARAMS = ("event_time_start", "event_time_end")
# dbt's own for the options --event-time-start and --event-time-end; its other commands leave them alone.
VARIABLES = ("DBT_EVENT_TIME_START", "DBT_EVENT_TIME_END")
BACKFILL = "backfill"  # Airflow's type of run

log = logging.getLogger(__name__)


class EventTimeError(ProjectError, AirflowFailException):
    """Tell what a second try would not mend."""


def variables(context: Any) -> dict[str, str]:
    """Return what tells dbt a run's event times; nothing for a run that takes the newest batches.

    They are the run's params `event_time_start` and `event_time_end`. A run of Airflow's backfill without them has
    those of its data interval; where that is empty, as Airflow 3 makes it for cron schedules
    (scheduler.create_cron_data_intervals), of the time since the run before.

    Raises:
        EventTimeError: if the params are no window, the schedule has no intervals, or all would be rebuilt by them.
    """
    window = find(context)
    if window is None:
        return {}
    if context["params"].get("full_refresh"):
        raise EventTimeError(
            "full_refresh with event times would leave microbatch models with the rows of these times alone.",
            f"params of {context['dag_run'].run_id}",
            "run it without full_refresh, or without event times",
        )
    log.info("Event times of this run: %s to %s UTC", *window.texts)
    return dict(zip(VARIABLES, window.texts, strict=True))


def find(context: Any) -> Window | None:
    """Return a run's window; see `variables`."""
    params = context["params"]
    start, end = (str(params.get(name) or "") for name in PARAMS)
    if start or end:
        return _asked(start, end, str(context["dag_run"].run_id))
    return _interval(context) if context["dag_run"].run_type == BACKFILL else None


def _asked(start: str, end: str, run: str) -> Window:
    try:
        window = Window(_moment(start), _moment(end))
    except ValueError:
        window = None
    if window is None or window.start >= window.end:
        raise EventTimeError(
            f"The event times are from {start!r} to {end!r}: no window of time.",
            f"params of {run}: {' and '.join(PARAMS)}",
            "give both as times, e.g. 2026-01-01T00:00:00Z and 2026-02-01T00:00:00Z",
        )
    return window


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _interval(context: Any) -> Window:
    run, dag = context["dag_run"], context["dag"]
    start, end = run.data_interval_start, run.data_interval_end
    schedules = _schedules(dag.timetable)
    if start and end and start < end:
        return (schedules[0] if len(schedules) == 1 else Schedule()).window(start, end)
    if not schedules or end is None:
        raise EventTimeError(
            f"A run of {type(dag.timetable).__name__} has no data interval that a backfill could be of.",
            f"DAG {dag.dag_id}, schedule",
            "backfill it by one run: `mwaa trigger … --event-time-start … --event-time-end …`",
        )
    before = max(schedule.before(end) for schedule in schedules)
    return schedules[0].window(before, end) if len(schedules) == 1 else Schedule().window(before, end)


def _schedules(timetable: Any) -> list[Schedule]:
    """Return what a timetable goes by: Airflow 3.1 has public names for it, 2 and 3.0 private ones."""
    several = _of(timetable, "timetables") or [timetable]
    return [found for one in several if (found := _schedule(one))]


def _schedule(timetable: Any) -> Schedule | None:
    cron, delta, zone = (_of(timetable, name) for name in ("expression", "delta", "timezone"))
    if isinstance(delta, timedelta):
        return Schedule(delta=delta)
    return Schedule(str(cron), _zone(zone)) if cron else None


def _zone(zone: Any) -> Any:
    if not isinstance(zone, str):
        return zone or UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(zone)


def _of(timetable: Any, name: str) -> Any:
    found = getattr(timetable, name, None) or getattr(timetable, f"_{name}", None)
    return None if callable(found) else found
