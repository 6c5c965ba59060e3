"""The event times that a run hands to dbt, with the timetables of a real Airflow."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.parse.conftest import Python

PROGRAM = Path(__file__).with_name("event_times.py")
DAY = {"DBT_EVENT_TIME_START": "2026-01-01T00:00:00", "DBT_EVENT_TIME_END": "2026-01-02T00:00:00"}
FEBRUARY = {"DBT_EVENT_TIME_START": "2026-01-31T23:00:00", "DBT_EVENT_TIME_END": "2026-03-01T00:00:00"}


@pytest.fixture(scope="module")
def told(python: Python) -> dict[str, Any]:
    """Return what each run hands to dbt."""
    environment = {**python.environment, "PYTHONPATH": str(python.release.code)}
    command = [str(python.executable), str(PROGRAM)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("case", ["scheduled", "manual"])
def test_newest_batches(told: dict[str, Any], case: str) -> None:
    """A run that nobody has asked for other times leaves them to dbt."""
    assert told[case] == {}


@pytest.mark.parametrize("case", ["cron", "cron interval", "preset", "trigger timetable", "interval timetable"])
def test_backfill_of_a_day(told: dict[str, Any], case: str) -> None:
    """A backfill's run is for its day, whether Airflow gives the run an interval or only a moment."""
    assert told[case] == DAY


def test_backfill_of_a_span(told: dict[str, Any]) -> None:
    """A DAG that runs each six hours is for whole hours."""
    assert told["span"] == {
        "DBT_EVENT_TIME_START": "2026-01-01T23:00:00",
        "DBT_EVENT_TIME_END": "2026-01-02T05:00:00",
    }


@pytest.mark.parametrize("case", ["asked", "asked of a backfill"])
def test_params_come_first(told: dict[str, Any], case: str) -> None:
    """What somebody asks for is taken, in UTC."""
    assert told[case] == FEBRUARY


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("one end", "from '2026-02-01' to '': no window of time"),
        ("no time", "from 'monday' to '2026-02-01': no window of time"),
        ("wrong way", "from '2026-02-02' to '2026-02-01': no window of time"),
        ("full refresh", "would leave microbatch models with the rows of these times alone"),
        ("none", "has no data interval that a backfill could be of"),
    ],
)
def test_refused(told: dict[str, Any], case: str, said: str) -> None:
    """What is no window fails the run, and is not tried again."""
    assert told[case].startswith("EventTimeError: ")
    assert said in told[case]
