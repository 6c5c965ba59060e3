"""`mwaa backfill` on a real Airflow, with models of dbt that build batches of time."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.local import state
from tests.e2e.conftest import Done, Project, copy_project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
BATCHES = Path(__file__).with_name("batches")
DAG = """from datetime import datetime

from airflow import DAG

from mwaa_dbt import alerts, dbt_group

for dag, schedule, execution in (
    ("watched", "0 5 * * *", "watcher"), ("single", "0 5 * * *", "local"), ("unscheduled", None, "watcher")
):
    with DAG(dag, schedule=schedule, start_date=datetime(2025, 12, 1), catchup=False, max_active_runs=1, **alerts()):
        dbt_group("batches", execution=execution)
"""
JANUARY = ("--from", "2026-01-01", "--to", "2026-01-03")
MODELS = ("--select", "daily own_rules")
CELERY = ("--executor", "celery", "--workers", "1", "--slots", "5")


def day(number: int) -> datetime.date:
    """Return a day of January."""
    return datetime.date(2026, 1, number)


def days(project: Project, table: str) -> dict[datetime.date, int]:
    """Return the rows of each day that a table has."""
    query = f"select to_date(happened_at), count(*) from ANALYTICS.batches.{table} group by 1"  # noqa: S608
    return dict(project.sql(query))


def begin(folder: Path, *options: str) -> Project:
    """Start a rehearsal of the project alone, whose models hold two days at the end of January."""
    copy = copy_project(folder)
    copy.drop_samples()
    shutil.copytree(BATCHES, copy.paths.root / "dbt" / "batches")
    (copy.paths.root / "dags" / "batches.py").write_text(DAG)
    up = copy.mwaa("local", "up", "--port", str(state.free_port()), *options)
    assert up.code == 0, up.err
    times = ("--event-time-start", "2026-01-30", "--event-time-end", "2026-02-01")
    done = copy.mwaa("trigger", "watched", "--wait", *times)
    assert done.code == 0, done.err
    assert days(copy, "daily") == {day(30): 48, day(31): 48}
    return copy


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Start it on the local executor, and end it."""
    copy = begin(tmp_path_factory.mktemp("batches"))
    yield copy
    copy.mwaa("local", "down")


@pytest.fixture(scope="module")
def plan(project: Project) -> dict[str, Any]:
    """Return the plan for two days, of a DAG that has not run for them."""
    done = project.mwaa("backfill", "watched", *JANUARY, "--dry-run", "--json")
    assert done.code == 0, done.err
    return dict(done.json)


@pytest.fixture(scope="module", params=["watched", "single"])
def backfilled(request: pytest.FixtureRequest, project: Project, plan: dict[str, Any]) -> Done:
    """Carry it out, in both execution modes; the plan was made before."""
    del plan
    project.sql("delete from ANALYTICS.batches.daily where happened_at < '2026-01-30'")
    project.sql("delete from ANALYTICS.batches.own_rules")
    return project.mwaa("backfill", str(request.param), *JANUARY, *MODELS, "--yes", "--wait")


def test_plan_names_runs_and_their_data(plan: dict[str, Any]) -> None:
    """Each run is told with the day whose data it builds: the one before that on which it is due."""
    told = [
        (run["logical_date"][:16], run["event_time_start"][:16], run["event_time_end"][:16]) for run in plan["runs"]
    ]
    assert told == [
        ("2026-01-02T05:00", "2026-01-01T00:00", "2026-01-02T00:00"),
        ("2026-01-03T05:00", "2026-01-02T00:00", "2026-01-03T00:00"),
    ]
    assert plan["there"] == 0


def test_plan_names_models(plan: dict[str, Any]) -> None:
    """The models are told by what becomes of them, and how to leave out what needs no backfill."""
    kinds = {(model["name"], model["kind"], model["batch"]) for model in plan["models"]}
    assert kinds == {("daily", "microbatch", "day"), ("own_rules", "incremental", ""), ("events", "whole", "")}
    assert "1 other node would be built whole by each run" in " ".join(plan["notes"])


def test_each_run_builds_its_day(backfilled: Done, project: Project) -> None:
    """The microbatch model has the two days, once each; what it had of other days is still there."""
    assert backfilled.code == 0, backfilled.err
    assert "2 of 2 runs ended (2 success)" in backfilled.out
    assert days(project, "daily") == {day(1): 48, day(2): 48, day(30): 48, day(31): 48}
    assert project.sql("select count(distinct built_by) from ANALYTICS.batches.daily where happened_at < '2026-01-03'")[
        0
    ] == (2,)


def test_other_incremental_models_know_the_times(backfilled: Done, project: Project) -> None:
    """A model of other strategies can read the run's times, too."""
    assert backfilled.code == 0, backfilled.err
    assert days(project, "own_rules") == {day(1): 48, day(2): 48}


def test_again_is_nothing(backfilled: Done, project: Project) -> None:
    """The same command again begins no run, and says how to repeat them."""
    assert backfilled.code == 0, backfilled.err
    done = project.mwaa("backfill", "watched", *JANUARY, "--yes")
    assert (done.code, done.out) == (
        0,
        "Nothing to do: 2 of 2 have run; --reprocess failed or completed repeats them.\n",
    )


def test_state_is_shown(backfilled: Done, project: Project) -> None:
    """Without times it shows the last backfill."""
    assert backfilled.code == 0, backfilled.err
    runs = project.mwaa("backfill", "watched", "--json").json["runs"]
    assert [(run["logical_date"][:10], run["state"]) for run in runs] == [
        ("2026-01-02", "success"),
        ("2026-01-03", "success"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("unscheduled", *JANUARY), "Airflow cannot backfill unscheduled: unscheduled has a non-periodic schedule"),
        (("watched", "--from", "2099-01-01", "--to", "2099-01-02"), "2099-01-01 is in the future"),
        (("watched", "--from", "2026-01-02", "--to", "2026-01-01"), "2026-01-02 is not before 2026-01-01"),
        (("watched", "--from", "monday", "--to", "2026-01-01"), "'monday' is no day or time"),
        (("watched", "--from", "2026-01-01"), "give both"),
        (("watched", "--dry-run"), "a plan needs --from and --to"),
        (("watched", *JANUARY, "--cancel"), "stands alone"),
        (("watched", *JANUARY, "--reprocess", "completed"), "Airflow's database is SQLite here"),
        (("watched", "--cancel"), "has no backfill that is under way"),
        (("unscheduled",), "unscheduled has no backfill yet"),
        (("watch", *JANUARY), "There is no DAG 'watch'. Did you mean 'watched'?"),
    ],
)
def test_refused(project: Project, words: tuple[str, ...], said: str) -> None:
    """What cannot be is told in one error; `backfilled` has ended before."""
    done = project.mwaa("backfill", *words)
    assert done.code in (1, 2)
    assert said in " ".join(done.err.replace("│", "").split())
    assert "Traceback" not in done.err


def test_paused_dag(project: Project) -> None:
    """Runs of a paused DAG would hang: it is refused, but its plan is shown."""
    assert project.mwaa("pause", "unscheduled", "single").code == 0
    done = project.mwaa("backfill", "single", "--from", "2026-01-05", "--to", "2026-01-06", "--yes")
    assert (done.code, "DAG single is paused: runs of a backfill would stay queued." in done.err) == (1, True)
    assert project.mwaa("backfill", "single", "--from", "2026-01-05", "--to", "2026-01-06", "--dry-run").code == 0
    assert project.mwaa("unpause", "unscheduled", "single").code == 0


def test_repeated_and_cancelled(tmp_path: Path) -> None:
    """On MWAA's executor and PostgreSQL: runs are repeated, one that is cancelled begins no further run."""
    project = begin(tmp_path, *CELERY)
    try:
        first = project.mwaa("backfill", "watched", *JANUARY, *MODELS, "--yes", "--wait")
        assert first.code == 0, first.err
        project.sql("delete from ANALYTICS.batches.daily where happened_at < '2026-01-30'")
        again = ("--yes", "--reprocess", "completed")
        second = project.mwaa("backfill", "watched", *JANUARY, *MODELS, *again, "--wait", "--backwards")
        assert second.code == 0, second.err
        assert days(project, "daily") == {day(1): 48, day(2): 48, day(30): 48, day(31): 48}
        assert project.mwaa("backfill", "watched", *JANUARY, *MODELS, *again).code == 0
        twice = project.mwaa("backfill", "watched", "--from", "2026-01-10", "--to", "2026-01-12", "--yes")
        assert "A backfill of watched is under way already" in twice.err
        assert project.mwaa("backfill", "watched", "--cancel").code == 0
        ended = project.mwaa("backfill", "watched", "--wait", "--json")
        states = [run["state"] for run in ended.json["runs"]]
        assert (ended.code, states[-1]) == (1, "failed")
    finally:
        project.mwaa("local", "down")
