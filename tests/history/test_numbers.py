"""The numbers of many runs."""

from __future__ import annotations

import random
import statistics
from typing import Any

import pytest

from scripts.history.model import Run
from scripts.history.numbers import Flaky, Slow, flaky, percentile, slowest, summaries
from tests.history.conftest import run

ORDERS, TEST = "model.shop.orders", "test.shop.not_null_orders_id.81cfe2fe64"


def day(number: int, *node: Any, **changes: Any) -> Run:
    """Return the run of a day, with this outcome of the model."""
    return run(f"r{number}", at=f"2026-11-{number:02}T05:00:00+00:00", nodes={ORDERS: list(node)}, **changes)


def outcomes(*statuses: str, releases: str = "a" * 9) -> list[Run]:
    """Return runs with these statuses of one model, day by day, newest first, each of the release of its letter."""
    days = enumerate(zip(statuses, releases, strict=False), 1)
    return [day(number, status, 0.0, 1.0, 1, release=release) for number, (status, release) in days][::-1]


@pytest.mark.parametrize("count", [2, 3, 10, 101])
def test_percentile_is_the_usual_one(count: int) -> None:
    """The same as of Python's own statistics, which knows no single value and no empty list."""
    chance = random.Random(count)  # noqa: S311
    values = [chance.random() for _ in range(count)]
    assert percentile(values, 0.95) == pytest.approx(statistics.quantiles(values, n=20, method="inclusive")[18])
    assert percentile(values, 0.5) == pytest.approx(statistics.median(values))


def test_percentile_of_few() -> None:
    """One value is its own percentile; none have none."""
    assert percentile([3.0], 0.95) == 3.0
    assert percentile([], 0.5) is None


def test_summary_of_groups() -> None:
    """Each group has its own numbers; failed runs count as runs, and not for the seconds."""
    runs = [run("r1", seconds=10.0), run("r2", seconds=20.0), run("r3", seconds=1.0, state="failed")]
    runs += [run("r1", group="other", seconds=5.0, state="failed")]
    one, two = summaries(runs)
    assert (one.title, one.runs, one.failed, one.p50, one.p95) == ("shop", 3, 1, 15.0, 19.5)
    assert (two.title, two.runs, two.failed, two.p50, two.p95) == ("shop/other", 1, 1, None, None)


def test_slowest_by_share() -> None:
    """A node's mean is over the runs in which it ran; two projects with one package are two nodes."""
    first = run("r1", nodes={ORDERS: ["success", 0, 6.0, 1], TEST: ["pass", 0, 1.0, 1]})
    second = run("r2", nodes={ORDERS: ["skipped", 0, 0.0, 0], TEST: ["fail", 0, 2.0, 1]})
    other = run("r3", project="other", nodes={ORDERS: ["success", 0, 1.0, 1]})
    found = slowest([first, second, other])
    assert found == [
        Slow("shop", ORDERS, 1, 6.0, 0.6),
        Slow("shop", TEST, 2, 1.5, 0.3),
        Slow("other", ORDERS, 1, 1.0, 0.1),
    ]
    assert slowest([first, second, other], 1) == found[:1]


def test_slowest_of_nothing() -> None:
    """Runs without a node that ran have no slowest one."""
    assert slowest([run(nodes={}), run(nodes={ORDERS: ["skipped", 0, 0, 0]})]) == []
    assert slowest([run(nodes={ORDERS: ["success", 0, 0, 1]})])[0].share == 0


@pytest.mark.parametrize(
    ("statuses", "recovered"),
    [
        ("success success success", 0),
        ("error error error", 0),
        ("success success error", 0),
        ("error success", 1),
        ("success error success error success", 2),
        ("fail warn", 1),
        ("error skipped success", 1),
        ("skipped success", 0),
    ],
)
def test_recovery_is_flaky(statuses: str, recovered: int) -> None:
    """A node that failed and succeeded in the next run that had it, with the same release, is flaky."""
    expected = [Flaky("shop", ORDERS, len(statuses.replace("skipped", "").split()), 0, recovered)] if recovered else []
    assert flaky(outcomes(*statuses.split())) == expected


def test_mended_is_not_flaky() -> None:
    """A new release between failure and success may be the reason of the success."""
    assert flaky(outcomes("error", "success", releases="ab")) == []
    assert len(flaky(outcomes("error", "error", "success", releases="abb"))) == 1


def test_retry_is_flaky() -> None:
    """A node that needed more than one try and then succeeded is flaky; one that failed in all of them is broken."""
    assert flaky([day(1, "success", 0.0, 1.0, 2), day(2, "success", 0.0, 1.0, 1)]) == [Flaky("shop", ORDERS, 2, 1, 0)]
    assert flaky([day(1, "error", 0.0, 1.0, 3)]) == []


def test_groups_do_not_mix() -> None:
    """A failure in one group and a success in another are no recovery."""
    runs = [day(1, "error", 0.0, 1.0, 1), day(2, "success", 0.0, 1.0, 1, group="other")]
    assert flaky(runs) == []
