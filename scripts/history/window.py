"""Which runs are asked for: from when to when, in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FORMS = "30d, 12h, 2w, 2026-11-01 or 2026-11-01T05:00 (UTC)"
_AGO = re.compile(r"([0-9]{1,5})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Window:
    """A span of time, both ends included; an end that is None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Say whether a moment is in it."""
        return (self.since is None or self.since <= at) and (self.until is None or at <= self.until)

    def has_month(self, month: str) -> bool:
        """Say whether a month (yyyy-mm) has any moment of it."""
        since = self.since.isoformat()[:7] if self.since else ""
        return since <= month and (self.until is None or month <= self.until.isoformat()[:7])


def read_since(text: str, now: datetime) -> datetime:
    """Return the moment that a text names; a day begins at midnight.

    Raises:
        ValueError: if it has no form that is known.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return now - int(ago[1]) * _UNITS[ago[2]]
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time: give {FORMS}") from None


def read_until(text: str, now: datetime) -> datetime:
    """Return the moment that a text names; a day goes on to its end.

    Raises:
        ValueError: if it has no form that is known.
    """
    moment = read_since(text, now)
    return moment + timedelta(days=1, microseconds=-1) if _DAY.fullmatch(text) else moment
