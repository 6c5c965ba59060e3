"""An environment with which nothing is wrong."""

from __future__ import annotations

import time

from scripts.doctor.examine import ACCESS, NAMES
from tests.doctor.broken import bad
from tests.doctor.world import World


def test_healthy_environment_is_all_right(world: World) -> None:
    """Each group has something to say, and all of it is good."""
    begun = time.monotonic()
    report = world.look()
    seconds = time.monotonic() - begun
    assert bad(world.look()) == []
    assert set(report.groups) == {*NAMES, ACCESS}
    assert [name for name, found in report.groups.items() if not found] == []
    assert report.healthy
    assert seconds < 10
