"""What is a failure of what containers say, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scripts.aws import Aws
from scripts.env.containers import ENDED, REQUIREMENTS, faults, statuses
from tests.doctor.world import World

SINCE = datetime.now(UTC) - timedelta(days=1)
# pip 25 in MWAA's containers: what it goes on after, and what it says of what it has not been asked for.
HARMLESS = [
    "WARNING: Constraints should be specified for requirements.txt.",
    "WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError(\"Read timed out.\")': /simple/x/",
    "ERROR: pip's dependency resolver does not currently take into account all the packages that are installed.",
    "Requirement already satisfied: apache-airflow==3.3.1 in /usr/local/airflow/.local (1.0)",
    "Successfully installed astronomer-cosmos-1.15.1",
]


@pytest.mark.parametrize("line", HARMLESS)
def test_harmless_lines(line: str, world: World) -> None:
    """What pip goes on after is no failure."""
    world.log("Worker", f"{REQUIREMENTS}_two", "Collecting x", line, "Successfully installed x-1", ago=3600)
    assert list(faults(world.aws.logs, world.name, SINCE)) == []


def test_all_there_already(world: World) -> None:
    """A pip that had nothing to do ends without a word, and is no pip that was ended."""
    world.log("Worker", f"{REQUIREMENTS}_two", HARMLESS[3], ago=3600)
    assert list(faults(world.aws.logs, world.name, SINCE)) == []


def test_pip_at_work(world: World) -> None:
    """A pip that is still at work is no pip that was ended; ten minutes later it is."""
    world.log("Worker", f"{REQUIREMENTS}_two", "Collecting x", ago=300)
    assert list(faults(world.aws.logs, world.name, SINCE)) == []
    world.log("Scheduler", f"{REQUIREMENTS}_two", "Collecting x", ago=660)
    (fault,) = faults(world.aws.logs, world.name, SINCE)
    assert (fault.text, fault.group) == (ENDED, f"airflow-{world.name}-Scheduler")


def test_same_words_are_told_once_per_group(world: World) -> None:
    """Ten workers whose pip fails say one thing."""
    for number in range(3):
        world.log("Worker", f"{REQUIREMENTS}_{number}", "ERROR: No matching distribution found for x==9")
    world.log("Scheduler", f"{REQUIREMENTS}_9", "ERROR: No matching distribution found for x==9")
    assert [fault.group.rpartition("-")[2] for fault in faults(world.aws.logs, world.name, SINCE)] == [
        "Scheduler",
        "Worker",
    ]


def test_older_containers_do_not_count(world: World) -> None:
    """What containers of before the last update said is past."""
    world.log("Worker", f"{REQUIREMENTS}_two", "ERROR: No matching distribution found for x==9", ago=3600)
    assert list(faults(world.aws.logs, world.name, datetime.now(UTC) - timedelta(minutes=30))) == []


def test_no_log_groups(aws: Aws) -> None:
    """An environment without log groups has said nothing."""
    assert list(faults(aws.logs, "nobody", SINCE)) == []
    assert statuses(aws.logs, "nobody", SINCE) == {}
