"""`mwaa migrate cutover`: each turn of a schedule runs once over both environments, whatever happens to the command."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.migrate.cutover.cutting import NEW, Pair, assert_each_once, ended, turns
from tests.migrate.cutover.scheduled import until

STATE = "migrate/shop-old/cutover.json"


def slow(value: object) -> Any:
    """Return one of many cases, for `make test-all`."""
    return pytest.param(value, marks=pytest.mark.slow)


def ran(pair: Pair, dag: str, more: int = 2) -> None:
    """Wait until both sides together have done some turns more."""
    old, new = pair.old.jobs[dag], pair.new.jobs[dag]
    before = len(turns(old) + turns(new))
    until(lambda: len(turns(old) + turns(new)) >= before + more)


@pytest.mark.parametrize("versions", ["sides", "sides3"])
def test_each_turn_runs_once(versions: str, request: pytest.FixtureRequest) -> None:
    """DAGs with a turn every second or two: the new side goes on where the old one ended, and repeats nothing."""
    pair: Pair = request.getfixturevalue(versions)
    shops = {name: pair.both(name, catchup=name == "catches_up") for name in ("skips", "catches_up")}
    for old, new in shops.values():
        # With catchup both would begin with the start date; the old side has its history.
        for job in (old, new):
            job.begins = old.turn(job.begins.now(job.begins.tzinfo))
            job.reckon()
    for name in shops:
        ran(pair, name)
    done = pair.cutover(*shops, "--group", "2")
    assert done.code == 0, done.seen
    for name, (old, new) in shops.items():
        assert (old.paused, new.paused) == (True, False)
        ran(pair, name)
        assert_each_once(old, new)
        assert turns(old)
        assert turns(new)
        silent = [run for run in new.runs if run.state == "success" and not run.worked]
        assert all("mark of `mwaa migrate`" in run.note for run in silent)
    assert "nothing to do" in pair.cutover(*shops).seen.lower()


def test_catchup_does_not_begin_anew(sides: Pair) -> None:
    """A DAG with catchup whose start date is long ago: a new Airflow would run all since then."""
    old, new = sides.both("shop", catchup=True)
    old.make("scheduled", old.turn(old.begins.now(old.begins.tzinfo))).state = "success"
    old.reckon()
    ran(sides, "shop")
    assert sides.cutover("shop").code == 0
    ran(sides, "shop")
    assert_each_once(old, new)
    assert len(new.runs) < 60


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", [slow(1), slow(2), 3, slow(4), slow(5)])
def test_kill_and_repeat(sides: Pair, at: int, before: bool) -> None:
    """Killed at any change, before or after it is done: the same command goes on, and each turn runs once."""
    old, new = sides.both("shop")
    ran(sides, "shop")
    victim = sides.killed(at, before, "shop")
    done = sides.cutover("shop")
    assert done.code == 0, done.seen
    assert (old.paused, new.paused) == (True, False)
    ran(sides, "shop")
    assert_each_once(old, new)
    # Else this test would have killed nothing.
    assert victim.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("versions", ["sides", slow("sides3")])
def test_failing_first_run_goes_back(versions: str, request: pytest.FixtureRequest) -> None:
    """The first run in the new side fails: the old one has the DAG again, and does that turn, too."""
    pair: Pair = request.getfixturevalue(versions)
    old, new = pair.both("shop")
    new.good = False
    ran(pair, "shop")
    done = pair.cutover("shop")
    assert done.code == 1
    assert "The first run in shop-new was not good: shop." in done.err
    assert "`mwaa logs shop --env prod`" in done.err
    assert (old.paused, new.paused) == (False, True)
    ran(pair, "shop")
    good = [due for due in turns(new) if new.at(new.logical(due)).state == "success"]  # type: ignore[union-attr]
    assert not good
    # What failed there is done here.
    assert {*turns(new)} <= {*turns(old)}
    step = [later - sooner for sooner, later in zip(turns(old), turns(old)[1:], strict=False)]
    assert {gap.total_seconds() for gap in step} == {old.every}


@pytest.mark.parametrize("catchup", [False, True], ids=["no catchup", "catchup"])
@pytest.mark.parametrize("versions", ["sides", slow("sides3")])
def test_only_what_failed_is_done_again(versions: str, catchup: bool, request: pytest.FixtureRequest) -> None:
    """The first run fails and the next one succeeds before the way back: the old side does the first one alone."""
    pair: Pair = request.getfixturevalue(versions)
    old, new = pair.both("shop", catchup=catchup)
    old.begins = old.turn(old.begins.now(old.begins.tzinfo))
    old.reckon()
    ran(pair, "shop")
    new.good, new.better = False, 1
    assert pair.cutover("shop").code == 1
    ran(pair, "shop")
    bad = [run.after for run in new.runs if run.state == "failed"]
    good = [run.after for run in new.runs if run.worked and run.state == "success"]
    assert (len(bad), {*bad} <= {*turns(old)}) == (1, True)
    assert not {*good} & {*turns(old)}
    new.runs = [run for run in new.runs if run.state != "failed"]
    assert_each_once(old, new)


def test_there_and_back(sides: Pair) -> None:
    """--return takes a DAG back, and again each turn has run once."""
    old, new = sides.both("shop")
    ran(sides, "shop")
    assert sides.cutover("shop").code == 0
    ran(sides, "shop")
    done = sides.cutover("shop", "--return")
    assert done.code == 0, done.seen
    assert (old.paused, new.paused) == (False, True)
    ran(sides, "shop")
    assert_each_once(old, new)
    done = sides.cutover("shop")
    assert done.code == 0, done.seen
    ran(sides, "shop")
    assert_each_once(old, new)


@pytest.mark.parametrize("versions", ["sides", "sides2"])
def test_teardowns_do_not_run(versions: str, request: pytest.FixtureRequest) -> None:
    """Airflow ends no run whose teardown tasks have not ended: the mark sets those, too, and nothing of it runs."""
    pair: Pair = request.getfixturevalue(versions)
    old, new = pair.both("shop", every=3.0, teardowns=("drop", "close"))
    ran(pair, "shop")
    done = pair.cutover("shop")
    assert done.code == 0, done.seen
    ran(pair, "shop", 1)
    assert_each_once(old, new)
    assert {run.worked for run in new.runs if run.type != "scheduled"} == {False}


def test_pause_waits_for_a_run(sides: Pair) -> None:
    """A run that takes its time is not stopped midway, as a pause would do: the DAG is paused once it has ended."""
    old, new = sides.both("shop", every=6.0, lasts=3.0)
    until(lambda: any(run.state == "running" for run in old.runs))
    done = sides.mwaa("cutover", "--yes", "shop", "--no-verify")
    assert done.code == 0, done.seen
    assert {run.state for run in old.runs} == {"success"}
    ran(sides, "shop", 1)
    assert_each_once(old, new)


def test_never_quiet(sides: Pair) -> None:
    """A DAG that always runs stays where it is, and nothing is paused."""
    old, new = sides.both("shop", lasts=60.0)
    until(lambda: old.runs)
    done = sides.cutover("shop", "--wait", "1")
    assert done.code == 1
    assert "DAG shop was never without a run for 1 s: scheduled__" in done.err
    assert "longer --wait" in done.err
    assert "shop stays in shop-old." in done.err
    assert (old.paused, new.paused) == (False, True)


def test_interrupted(sides: Pair) -> None:
    """Ctrl-C leaves the DAG where it was, running."""
    old, new = sides.both("shop", lasts=60.0)
    until(lambda: old.runs)
    process = sides.start("cutover", "shop", "--yes")
    until(lambda: any("details" in call.path for call in sides.new.calls))
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.code == 130
    assert (old.paused, new.paused) == (False, True)


def test_daily_dag_is_not_waited_for(sides: Pair) -> None:
    """A DAG whose next run is far away is moved, and when its first run is due is told."""
    old, new = sides.both("shop", every=86400.0)
    until(lambda: turns(old))
    done = sides.cutover("shop")
    assert done.code == 0, done.seen
    assert "first run " in done.out
    assert (len(turns(old)), len(turns(new))) == (1, 0)
    assert (old.paused, new.paused) == (True, False)
    assert [run.type for run in new.runs] == ["backfill"]


def test_role_without_backfills(sides3: Pair) -> None:
    """Where a role may make no backfill, a run by hand is the mark: enough without catchup."""
    old, new = sides3.both("shop")
    sides3.new.backfillable = False
    ran(sides3, "shop")
    done = sides3.cutover("shop")
    assert done.code == 0, done.seen
    assert "what was due in between is not made up for: Airflow refused (403)" in done.err
    ran(sides3, "shop")
    assert max(turns(old)) < min(turns(new))


@pytest.mark.slow
def test_shared_assets_move_together(sides: Pair) -> None:
    """Who makes an asset and who waits for it are one unit: paused in this order, let run in the other."""
    first = sides.both("maker")
    second = sides.both("user", every=0.0, schedule="Dataset", made_by=("maker",))
    for job in (*first, *second):
        job.schedule = job.schedule if job.every else ("Dataset" if job is second[0] else "Asset")
    done = sides.cutover("user")
    assert done.code == 1
    assert "user shares assets with maker, which would stay in shop-old" in done.err
    assert "name them, too: user maker; or --split" in done.err
    done = sides.cutover("user", "maker")
    assert done.code == 0, done.seen
    assert [job.paused for job in (*first, *second)] == [True, False, True, False]
    changed = [
        {call.path: n for n, call in enumerate(side.calls) if call.method == "PATCH"} for side in (sides.old, sides.new)
    ]
    for paths, order in zip(changed, (["/dags/maker", "/dags/user"], ["/dags/user", "/dags/maker"]), strict=True):
        # A DAG may be let run again for a moment, when a run begins just as it is paused: the last time counts.
        assert sorted((path for path in paths if path.count("/") == 2), key=lambda path: paths[path]) == order


def test_groups_and_all(sides: Pair) -> None:
    """All that run in the old side move, some at a time; what is paused there stays so on both sides."""
    for name in ("a", "b", "c"):
        sides.both(name, every=86400.0)
    asleep = sides.both("asleep")
    asleep[0].paused = True
    done = sides.cutover("--all", "--group", "2", "--json")
    assert done.code == 0, done.seen
    assert [(entry["dag"], entry["to"], entry["step"]) for entry in done.json] == [
        ("a", "new", "waits"),
        ("b", "new", "waits"),
        ("c", "new", "waits"),
    ]
    assert (asleep[0].paused, asleep[1].paused) == (True, True)
    state = json.loads(sides.aws.bucket(NEW).get(STATE))
    assert {entry["dag"] for entry in state["dags"]} == {"a", "b", "c"}
