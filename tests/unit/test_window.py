"""The data that a scheduled run is for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mwaa_dbt.window import Schedule, Window

BERLIN = ZoneInfo("Europe/Berlin")
SCHEDULES = {
    "daily": Schedule("0 5 * * *"),
    "daily-berlin": Schedule("30 5 * * *", BERLIN),
    # Summer time begins at 02:00: one run of March and the next fall on one day of UTC.
    "night-berlin": Schedule("30 1 * * *", BERLIN),
    "workdays": Schedule("0 5 * * 1-5"),
    "monthly": Schedule("@monthly"),
    "quarterly": Schedule("@quarterly"),
    "hourly": Schedule("15 * * * *"),
    "twice": Schedule("0 5,6 * * *"),
    "often": Schedule("*/20 * * * *"),
    "span": Schedule(delta=timedelta(hours=6)),
}


def utc(*parts: int) -> datetime:
    """Return a moment in UTC, of year, month, day and so on."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("name", "due", "window"),
    [
        ("daily", utc(2026, 1, 2, 5), (utc(2026, 1, 1), utc(2026, 1, 2))),
        ("daily-berlin", utc(2026, 7, 2, 3, 30), (utc(2026, 7, 1), utc(2026, 7, 2))),
        ("workdays", utc(2026, 1, 5, 5), (utc(2026, 1, 2), utc(2026, 1, 5))),
        ("monthly", utc(2026, 2, 1), (utc(2026, 1, 1), utc(2026, 2, 1))),
        ("quarterly", utc(2026, 4, 1), (utc(2026, 1, 1), utc(2026, 4, 1))),
        ("hourly", utc(2026, 1, 1, 7, 15), (utc(2026, 1, 1, 6), utc(2026, 1, 1, 7))),
        ("often", utc(2026, 1, 1, 7, 20), (utc(2026, 1, 1, 7), utc(2026, 1, 1, 7, 20))),
        ("span", utc(2026, 1, 1, 7, 20), (utc(2026, 1, 1, 1), utc(2026, 1, 1, 7))),
    ],
)
def test_window(name: str, due: datetime, window: tuple[datetime, datetime]) -> None:
    """A run that is due is for whole days if it runs once a day or less, for whole hours if once an hour."""
    schedule = SCHEDULES[name]
    assert schedule.window(schedule.before(due), due) == Window(*window)


@pytest.mark.parametrize("name", SCHEDULES)
def test_no_time_is_left_out(name: str) -> None:
    """The windows of a year's runs lie end to end, and none is empty; clocks are changed twice in it."""
    schedule = SCHEDULES[name]
    due, reached = schedule.after(utc(2026, 1, 1)), None
    for _ in range(370):
        window = schedule.window(schedule.before(due), due)
        assert window.start < window.end
        assert reached is None or window.start <= reached
        reached, due = max(window.end, reached or window.end), schedule.after(due)


def test_before_and_after() -> None:
    """The neighbours of a run are those that Airflow has, in the schedule's own time zone."""
    schedule = SCHEDULES["daily-berlin"]
    assert schedule.after(utc(2026, 3, 28, 4, 30)) == utc(2026, 3, 29, 3, 30)
    assert schedule.before(utc(2026, 3, 29, 3, 30)) == utc(2026, 3, 28, 4, 30)


def test_texts() -> None:
    """Dbt takes times without a zone, and means UTC."""
    assert Window(utc(2026, 1, 1), utc(2026, 1, 2, 3, 4, 5)).texts == ("2026-01-01T00:00:00", "2026-01-02T03:04:05")
