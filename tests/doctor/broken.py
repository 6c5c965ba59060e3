"""One thing broken, and the one line that tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from scripts.doctor.examine import Report
from scripts.doctor.finding import Finding
from tests.doctor.world import World


class Broken(NamedTuple):
    """What is done to what is sound, and the one line that tells: its group, state, words, and what mends it."""

    do: Callable[[World], Any]
    group: str
    state: str
    what: str
    fix: str

    def check(self, report: Report) -> None:
        """Check that one line tells, and that an error makes the whole unhealthy."""
        found = bad(report)
        assert [(group, one.state) for group, one in found] == [(self.group, self.state)], found
        assert self.what in found[0][1].what
        assert self.fix in found[0][1].fix
        assert report.healthy == (self.state != "error")


def bad(report: Report) -> list[tuple[str, Finding]]:
    """Return what is not as it should be, by group."""
    return [(name, one) for name, group in report.groups.items() for one in group if one.state != "ok"]
