"""`mwaa migrate logs`: what a second call writes, what is too old, what belongs to somebody else."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from scripts.aws.logs import DAY, EVENTS, Event
from tests.migrate.cutover.cutting import NEW, OLD, Pair

SOURCE, TARGET = f"airflow-{OLD}-Task", f"airflow-{NEW}-Task"
NAME = "dag_id={}/run_id=scheduled__2026-11-20T05_00_00+00_00/task_id=shop.orders/attempt=1.log"


def ago(**span: float) -> int:
    """Return a moment of the past in CloudWatch's milliseconds."""
    return int((datetime.now(UTC) - timedelta(**span)).timestamp() * 1000)


def write(pair: Pair, stream: str, events: list[Event], group: str = SOURCE) -> None:
    """Write a log with its times."""
    assert pair.aws.logs.append(group, stream, events) == len(events)


@pytest.fixture
def logs(sides: Pair) -> Pair:
    """Return both environments with their groups."""
    for group in (SOURCE, TARGET):
        sides.aws.logs.write(group, "a", [])
    return sides


def test_copied_once(logs: Pair) -> None:
    """Streams keep name, times and order; the second call finds them whole."""
    events = [Event(ago(hours=2) + number, f"line {number}") for number in range(50)]
    for dag in ("shop", "other"):
        write(logs, NAME.format(dag), events)
    done = logs.mwaa("logs", "--dag", "sh*")
    assert (done.code, done.out) == (0, "1 stream copied\n"), done.seen
    assert logs.aws.logs.events(TARGET, NAME.format("shop")) == events
    assert logs.aws.logs.events(TARGET, NAME.format("other")) == []
    assert logs.mwaa("logs").out == "1 stream copied\n1 stream there already, whole\n"
    assert logs.aws.logs.events(TARGET, NAME.format("shop")) == events


def test_half_a_copy_is_completed(logs: Pair) -> None:
    """What an interrupted copy has written is not written again."""
    events = [Event(ago(hours=2) + number, f"line {number}") for number in range(50)]
    write(logs, NAME.format("shop"), events)
    write(logs, NAME.format("shop"), events[:20], TARGET)
    assert logs.mwaa("logs", "--json").json["streams"] == {"completed": 1}
    assert logs.aws.logs.events(TARGET, NAME.format("shop")) == events


def test_more_than_one_call_takes(logs: Pair) -> None:
    """More events than one call may have, over more than a day, with many in one millisecond at the cut."""
    begun = ago(days=3)
    many = [Event(begun + min(number, EVENTS - 5), f"{number}") for number in range(EVENTS + 10)]
    later = [Event(begun + DAY + number, "x" * 200_000) for number in range(6)]
    write(logs, NAME.format("shop"), [*many, *later])
    assert logs.mwaa("logs", "--json").json["events"] == EVENTS + 16
    assert logs.aws.logs.events(TARGET, NAME.format("shop")) == [*many, *later]


def test_old_events_are_told_and_kept(logs: Pair) -> None:
    """CloudWatch takes nothing of before the new group's retention: --to-bucket keeps those logs whole."""
    old, young = Event(ago(days=5), "began"), Event(ago(hours=1), "ended")
    write(logs, NAME.format("shop"), [old])
    write(logs, NAME.format("shop"), [young])
    logs.aws._client("logs").put_retention_policy(logGroupName=TARGET, retentionInDays=3)
    done = logs.mwaa("logs")
    assert done.code == 0, done.seen
    assert "Older than CloudWatch takes: 1 event. --to-bucket keeps them." in done.out
    assert logs.aws.logs.events(TARGET, NAME.format("shop")) == [young]
    done = logs.mwaa("logs", "--to-bucket")
    assert f"They are in s3://{NEW}/migrate/." in done.out
    text = gzip.decompress(logs.aws.bucket(NEW).get(f"migrate/{OLD}/logs/{NAME.format('shop')}.gz")).decode()
    assert [line.split()[1] for line in text.splitlines()] == ["began", "ended"]


def test_other_lines_are_left_alone(logs: Pair) -> None:
    """The new environment has run a task of that name itself."""
    write(logs, NAME.format("shop"), [Event(ago(hours=2), "old")])
    write(logs, NAME.format("shop"), [Event(ago(hours=1), "new")], TARGET)
    done = logs.mwaa("logs")
    assert "1 stream left alone: the new group has other lines under that name" in done.out
    assert NAME.format("shop") in done.out
    assert [event.text for event in logs.aws.logs.events(TARGET, NAME.format("shop"))] == ["new"]


def test_failed_alone(logs: Pair) -> None:
    """Only logs of tasks that failed, all their tries."""
    names = [NAME.format("shop"), NAME.format("shop").replace("attempt=1", "attempt=2"), NAME.format("good")]
    for name in names:
        write(logs, name, [Event(ago(hours=1), "said")])
    run = "scheduled__2026-11-20T05:00:00+00:00"
    logs.old.failed = [{"dag_id": "shop", "dag_run_id": run, "task_id": "shop.orders", "map_index": -1}]
    assert logs.mwaa("logs", "--failed", "--json").json["streams"] == {"copied": 2}
    assert logs.aws.logs.events(TARGET, names[2]) == []


def test_no_group(sides: Pair) -> None:
    """The new environment writes no task logs: nothing to copy to."""
    done = sides.mwaa("logs")
    assert (done.code, done.out) == (1, "")
    assert f"There is no log group {TARGET} in eu-central-1." in done.err


def test_nothing_there(logs: Pair) -> None:
    """No log is that young."""
    assert logs.mwaa("logs", "--days", "1").out == "No task log of the last 1 day is there.\n"
