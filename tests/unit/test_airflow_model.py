"""DAGs, runs and logs, from what Airflow 2 and 3 answer."""

from typing import Any

import pytest

from scripts.airflow.lines import last, raised, read_lines
from scripts.airflow.model import Run, read_dag, shown, span
from scripts.airflow.rest import run_path


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ({"__type": "CronExpression", "value": "0 5 * * *"}, "0 5 * * *"),
        ({"__type": "TimeDelta", "days": 1, "seconds": 3600, "microseconds": 0}, "1 day, 1:00:00"),
        ({"__type": "TimeDelta", "days": 0, "seconds": 0, "microseconds": 0}, None),
        (None, None),
        ("@daily", "@daily"),
    ],
)
def test_schedule_of_airflow_2(interval: Any, expected: str | None) -> None:
    """Airflow 2 takes a schedule apart."""
    assert read_dag({"dag_id": "shop", "schedule_interval": interval}).schedule == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, ""), (0.04, "0.0 s"), (59.4, "59.4 s"), (60, "1 min 00 s"), (3599.6, "1 h 00 min"), (7384, "2 h 03 min")],
)
def test_span(seconds: float | None, expected: str) -> None:
    """A duration has two units at most."""
    assert span(seconds) == expected


def test_run_that_goes_on() -> None:
    """A run that has not ended has lasted until now; one that has not begun has not lasted."""
    began = Run("shop", "a", "running", "manual", None, "2026-01-01T00:00:00Z", None)
    assert (began.seconds or 0) > 0
    assert Run("shop", "a", "queued", "manual", None, None, None).seconds is None


def test_times_are_utc() -> None:
    """A time of another zone, or of none, is shown in UTC."""
    assert shown("2026-01-01T01:00:00+01:00") == shown("2026-01-01T00:00:00") == "2026-01-01 00:00:00"
    assert shown(None) == ""


def test_paths_stay_short() -> None:
    """Airflow's own run ids stand in a path as they are; what would end a path's part does not."""
    assert (
        run_path("shop", "manual__2026-01-01T00:00:00+00:00") == "dags/shop/dagRuns/manual__2026-01-01T00:00:00+00:00"
    )
    assert run_path("shop", "a/b?c#d") == "dags/shop/dagRuns/a%2Fb%3Fc%23d"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[('host', 'one\\ntwo'), ('other', 'three')]", ["one", "two", "three"]),
        ("[('host', 'cut off", ["[('host', 'cut off"]),
        ("plain\ntext", ["plain", "text"]),
        (["one", "::group::sources", "two"], ["one", "two"]),
        ([{"event": "::endgroup::"}, {"event": "one", "timestamp": "nonsense"}], ["one"]),
    ],
)
def test_lines(content: Any, expected: list[str]) -> None:
    """Airflow 2 answers with text of Python's, or plain; Airflow 3 with events, or lines if it cannot read them."""
    assert [line.shown for line in read_lines(content)] == expected


def test_last_lines() -> None:
    """Empty lines do not count."""
    assert [line.text for line in last(read_lines("a\nb\n\n \nc\n"), 2)] == ["b", "c"]


LOG_OF_2 = """[2026-11-22T00:41:50.530+0000] {taskinstance.py:3336} ERROR - Task failed with exception
Traceback (most recent call last):
  File "a.py", line 1, in first
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 14, in say
    raise error
mwaa_dbt.errors.ProjectError: a wrong value
  where: there
  fix:   mend it
[2026-11-22T00:41:50.609+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 1
"""


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (LOG_OF_2, "a wrong value\n  where: there\n  fix:   mend it"),
        (
            LOG_OF_2.replace("mwaa_dbt.errors.ProjectError", "ValueError"),
            "ValueError: a wrong value\n  where: there\n  fix:   mend it",
        ),
        ("[2026-11-22T00:41:50.609+0000] {a.py:1} INFO - all is well\n", ""),
        ("Traceback (most recent call last):", ""),
        ("", ""),
    ],
)
def test_exception_of_plain_text(log: str, told: str) -> None:
    """Of Airflow 2's text the last exception is told, whole and without its traceback."""
    assert raised(read_lines(str([("host", log)]))) == told
