"""What `mwaa migrate plan` and `cutover` refuse, each in its own words, and nothing is changed."""

from __future__ import annotations

import json
import time

import pytest

from tests.migrate.cutover.cutting import NEW, Pair, assert_each_once, ended, turns
from tests.migrate.cutover.scheduled import until

STATE, LOCK = "migrate/shop-old/cutover.json", "migrate/lock.json"


def refused(pair: Pair, *words: str) -> str:
    """Return what a cutover says that must change nothing."""
    before = [(job.id, job.paused) for side in (pair.old, pair.new) for job in side.jobs.values()]
    done = pair.cutover(*words)
    assert (done.code, done.out) == (1, ""), done.seen
    assert before == [(job.id, job.paused) for side in (pair.old, pair.new) for job in side.jobs.values()]
    for side in (pair.old, pair.new):
        assert not [call for call in side.calls if call.method in ("PATCH", "PUT", "DELETE")]
    return done.err


def test_missing_in_new(sides: Pair) -> None:
    """A DAG that was not deployed there."""
    sides.both("shop")
    del sides.new.jobs["shop"]
    told = refused(sides, "shop")
    assert "shop is missing in shop-new" in told
    assert "`mwaa errors --env prod`" in told
    assert "1 of 1 DAGs cannot be cut over: shop. Nothing was changed." in told


def test_broken_in_new(sides: Pair) -> None:
    """A DAG whose file does not import there any more."""
    sides.both("shop")[1].broken = True
    assert "shop its file does not import in shop-new" in refused(sides, "shop")


def test_unpaused_on_both_sides(sides: Pair) -> None:
    """It runs twice already: that is said first."""
    sides.both("shop")[1].paused = False
    told = refused(sides, "shop")
    assert "shop is unpaused in shop-old and in shop-new: it runs twice now" in told
    assert "`mwaa pause shop --env prod` at once" in told


def test_active_runs_in_new(sides: Pair) -> None:
    """Somebody has tried it there, and that run has not ended."""
    new = sides.both("shop")[1]
    new.make("manual", new.begins, "trial")
    assert "shop has 1 unfinished run in shop-new: trial" in refused(sides, "shop")


def test_other_schedule(sides: Pair) -> None:
    """The DAG was changed on its way."""
    sides.both("shop")[1].schedule = "0 5 * * *"
    assert "has the schedule '* * * * * UTC' in shop-old and '0 5 * * * UTC' in shop-new" in refused(sides, "shop")


def test_preset_is_the_same_schedule(sides: Pair) -> None:
    """Airflow 2 says @daily where a file says so; a file for 3 may say it in cron."""
    old, new = sides.both("shop", every=86400.0)
    old.schedule, new.schedule = "@daily", "0 0 * * *"
    assert sides.mwaa("plan", "shop").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shpo",), "There is no DAG 'shpo'. Did you mean 'shop'?"),
        (("x_*",), "There is no DAG 'x_*'."),
        (("--tag", "daily"), "No DAG has the tag 'daily'."),
    ],
)
def test_names_nothing(sides: Pair, words: tuple[str, ...], told: str) -> None:
    """A name, a pattern and a tag that no DAG has."""
    sides.both("shop", tags=("dbt",))
    assert told in refused(sides, *words)


@pytest.mark.parametrize("words", [(), ("shop", "--all"), ("shop", "--no-verify", "--verify", "5")], ids=str)
def test_wrong_usage(sides: Pair, words: tuple[str, ...]) -> None:
    """No DAG named, or two that contradict."""
    assert sides.mwaa("cutover", "--yes", *words).code == 2


def test_nobody_to_ask(sides: Pair) -> None:
    """Without a terminal and without --yes nothing is done."""
    old = sides.both("shop")[0]
    done = sides.mwaa("cutover", "shop")
    assert (done.code, old.paused) == (1, False)
    assert "add --yes" in done.err


def test_state_of_another_pair(sides: Pair) -> None:
    """An environment of the same name in another region was cut over before."""
    sides.both("shop")
    bucket = sides.aws.bucket(NEW)
    bucket.swap(STATE, json.dumps({"pair": {"old": "arn:another", "new": "arn:new"}, "dags": []}).encode(), None)
    told = refused(sides, "shop")
    assert "The state there is of another pair: arn:another → arn:new." in told
    assert f"s3://{NEW}/{STATE}" in told


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"pair": {}, "dags": [{"dag": 1}]}'])
def test_unreadable_state(sides: Pair, text: bytes) -> None:
    """Somebody has edited it."""
    sides.both("shop")
    sides.aws.bucket(NEW).swap(STATE, text, None)
    assert "The state of the cutover cannot be read:" in refused(sides, "shop")


def test_two_at_once(sides: Pair) -> None:
    """The second one is told who is at it; the first one comes to its end."""
    old, _ = sides.both("shop", lasts=3.0, every=6.0)
    until(lambda: old.runs)
    with sides.start("cutover", "shop", "--yes", "--no-verify") as first:
        until(lambda: sides.aws.bucket(NEW).head(LOCK))
        second = sides.cutover("shop")
        assert second.code == 1
        assert "Another cutover is under way:" in second.err
        assert f"s3://{NEW}/{LOCK}" in second.err
        assert ended(first).code == 0
    assert sides.aws.bucket(NEW).head(LOCK) is None


def test_old_side_is_not_there(sides: Pair) -> None:
    """Nobody answers: nothing is begun."""
    sides.both("shop")
    sides.old.denied = {"GetEnvironment"}
    done = sides.cutover("shop")
    assert done.code == 1
    assert "There is no permission for airflow:GetEnvironment." in done.err


def test_web_server_goes_away_midway(sides: Pair) -> None:
    """The new side answers no more once the DAG is paused: it goes on in the old one."""
    old, new = sides.both("shop", every=86400.0)
    until(lambda: old.runs and not [run for run in old.runs if run.state != "success"])
    sides.new.faults = [("POST /backfills", 502)]
    done = sides.cutover("shop")
    assert done.code == 1
    assert "Airflow does not answer (502)" in done.err
    assert "shop stays in shop-old." in done.err
    assert (old.paused, new.paused) == (False, True)
    done = sides.cutover("shop")
    assert done.code == 0, done.seen


def test_somebody_unpauses_the_old_one(sides: Pair) -> None:
    """While the new side is told, a person lets it run in the old one: it is not let run in both."""
    old, new = sides.both("shop", every=86400.0)
    until(lambda: old.runs and old.runs[0].state == "success")
    process = sides.start("cutover", "shop", "--yes")
    until(lambda: old.paused)
    old.paused = False
    done = ended(process)
    assert done.code == 1
    assert "Somebody has unpaused shop in shop-old meanwhile." in done.err
    assert (old.paused, new.paused) == (False, True)


def test_wrong_direction(sides: Pair) -> None:
    """An older Airflow is no target."""
    sides.both("shop")
    sides.old.version = "3.3.1"
    sides.new.version = "2.11.2"
    assert "that is the way back" in refused(sides, "shop")


def test_catchup_into_airflow_2(sides2: Pair) -> None:
    """There no mark counts: history has to be there first."""
    old, _ = sides2.both("shop", catchup=True)
    old.begins = old.turn(old.begins.now(old.begins.tzinfo))
    old.reckon()
    until(lambda: old.runs)
    told = refused(sides2, "shop")
    assert "shop has catchup, and shop-new would begin with its start date" in told
    assert "`mwaa migrate import`" in told


def test_plan_changes_nothing(sides: Pair) -> None:
    """The plan tells place, units, blocks and notes, and writes nothing, not even a lock."""
    sides.both("maker", every=86400.0)
    user = sides.both("user", every=0.0, made_by=("maker",))
    user[0].schedule, user[1].schedule = "Dataset", "Asset"
    sides.both("asleep")[0].paused = True
    time.sleep(0.5)
    done = sides.mwaa("plan", "--json")
    assert done.code == 0, done.seen
    rows = {row["dag"]: row for row in done.json}
    assert [rows[name]["place"] for name in ("maker", "user", "asleep")] == ["old", "old", "neither"]
    assert rows["maker"]["unit"] == rows["user"]["unit"] != rows["asleep"]["unit"]
    assert [row["dag"] for row in done.json].index("maker") < [row["dag"] for row in done.json].index("user")
    assert "task wait (ExternalTaskSensor) reaches another DAG: keep both on one side" in rows["maker"]["notes"]
    assert not sides.aws.bucket(NEW).objects("migrate/")
    text = sides.mwaa("plan")
    assert "2 DAGs can be cut over" in text.out
    assert "upgrade of shop-old in place, 2.11.2 → 3.3.1" in text.out
    assert "`mwaa env clone shop-old`" in text.out
    dry = sides.mwaa("cutover", "--all", "--dry-run")
    assert (dry.code, "Nothing was changed" in dry.out) == (0, True)
    for side in (sides.old, sides.new):
        assert not [call for call in side.calls if call.method != "GET"]


def test_old_one_has_run_meanwhile(sides: Pair) -> None:
    """A killed cutover, then a day in the old side by hand: the plan of marks is too old, and begun anew."""
    old, new = sides.both("shop", every=5.0)
    until(lambda: turns(old))
    # Killed after the DAG was paused there, before the first mark.
    sides.killed(2, True, "shop")
    old.paused = False
    count = len(old.runs)
    until(lambda: len(old.runs) > count and old.runs[-1].state == "success")
    old.paused = True
    done = sides.cutover("shop")
    assert done.code == 1
    assert "shop has run in shop-old since this cutover was begun." in done.err
    assert (old.paused, new.paused) == (False, True)
    assert sides.cutover("shop").code == 0
    until(lambda: turns(new))
    assert_each_once(old, new)


def test_killed_one_is_taken_back(sides: Pair) -> None:
    """--return after a kill in between: the DAG is let run in the old side, and nothing else is done."""
    old, new = sides.both("shop", every=5.0)
    until(lambda: turns(old))
    sides.killed(2, True, "shop")
    assert (old.paused, new.paused) == (True, True)
    done = sides.cutover("shop", "--return")
    assert done.code == 0, done.seen
    assert "shop stays in shop-old." in done.err
    assert (old.paused, new.paused) == (False, True)
