"""From when to when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scripts.history.window import FORMS, Window, read_since, read_until

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30d", NOW - timedelta(days=30)),
        ("12h", NOW - timedelta(hours=12)),
        ("2w", NOW - timedelta(weeks=2)),
        ("0d", NOW),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T05:00", datetime(2026, 11, 1, 5, tzinfo=UTC)),
        ("2026-11-01 05:00:30", datetime(2026, 11, 1, 5, 0, 30, tzinfo=UTC)),
        ("2026-11-01T05:00+02:00", datetime(2026, 11, 1, 3, tzinfo=UTC)),
        ("2026-11-01T05:00Z", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    ],
)
def test_forms(text: str, moment: datetime) -> None:
    """Every form that is allowed means one moment, in UTC if it does not say otherwise."""
    assert read_since(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "d", "30", "30 d", "-3d", "yesterday", "2026-13-01", "11/01/2026", "999999d", "٣d"]
)
def test_other_forms_are_refused(text: str) -> None:
    """Anything else is answered with the forms there are."""
    with pytest.raises(ValueError, match="is no time") as error:
        read_since(text, NOW)
    assert FORMS in str(error.value)


def test_until_has_its_day() -> None:
    """The day that is named last is a part of the answer; a moment is what it is."""
    assert read_until("2026-11-01", NOW) == datetime(2026, 11, 1, 23, 59, 59, 999999, tzinfo=UTC)
    assert read_until("2026-11-01T05:00", NOW) == datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert read_until("1d", NOW) == NOW - timedelta(days=1)


def test_months_of_a_window() -> None:
    """Only months that have a moment of the window are fetched, also over the end of a year."""
    window = Window(datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    months = ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]
    assert [month for month in months if window.has_month(month)] == months[1:4]
    assert all(map(Window().has_month, months))
    assert Window(read_since("99999w", NOW)).has_month("2026-01")
