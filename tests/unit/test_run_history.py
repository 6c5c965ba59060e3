"""A finished run's line in the index, written as tasks write it and read as `mwaa history` reads it."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mwaa_dbt.archive import Store
from mwaa_dbt.history import About, line, record, summary
from mwaa_dbt.results import merge
from scripts.aws import Aws, Bucket
from scripts.history.model import read_line
from tests.unit.test_results import ORDERS, invocation

BEGUN = datetime(2026, 11, 2, 5, 0, 3, tzinfo=UTC)
ABOUT = About("daily", "run-0", "shop", "shop", "a8b8faec1297", "331b4c4", BEGUN, 36.24)


@pytest.fixture
def store(aws: Aws, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a container's view of a bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(aws.endpoint))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "rehearsal")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rehearsal")
    return Store(bucket.name, "eu-central-1")


def merged(status: str) -> Any:
    """Return what became of a run with one node."""
    from mwaa_dbt.results import Outcome

    return merge([invocation("producer", 1, [Outcome(ORDERS, status, BEGUN.timestamp() + 1.5, 2.0)])])


def run(number: int, days: int = 0) -> About:
    """Return a run, some days after the first."""
    return replace(ABOUT, run=f"run-{number}", begun=BEGUN + timedelta(days=days, seconds=number))


def test_line() -> None:
    """A line has what the history shows: start and seconds of each node, its tries, and the errors."""
    found = line(ABOUT, merged("error"))
    assert found["nodes"] == {ORDERS: ["error", 1.5, 2.0, 1]}
    assert (found["state"], found["at"], found["seconds"]) == ("failed", "2026-11-02T05:00:03+00:00", 36.2)
    assert found["errors"] == {ORDERS: "producer 1"}
    read = read_line(json.dumps(found).encode())
    assert (read.dag, read.group, read.state, read.seconds, read.release) == (
        "daily",
        "shop",
        "failed",
        36.2,
        ABOUT.release,
    )
    assert [(name, node.status, node.start, node.seconds, node.tries) for name, node in read.nodes.items()] == [
        (ORDERS, "error", 1.5, 2.0, 1)
    ]


def test_error_of_dbt_itself() -> None:
    """A run in which dbt ran nothing has dbt's own words."""
    lost = merge([invocation("producer", 1, [], errors=["Compilation Error in model x", "no such macro"])])
    assert line(ABOUT, lost)["errors"] == {"dbt": "Compilation Error in model x"}
    assert summary(ABOUT, lost)["errors"] == ["Compilation Error in model x", "no such macro"]


def test_red_runs_are_counted(store: Store) -> None:
    """A run knows how many before it failed in a row, also in the month before; its own repetition does not count."""
    assert record(store, run(0, days=-10), merged("success")) == 0
    assert record(store, run(1, days=-9), merged("error")) == 0
    assert record(store, run(2), merged("error")) == 1
    assert record(store, run(3), merged("error")) == 2
    assert record(store, run(3), merged("success")) == 2
    assert record(store, run(4), merged("success")) == 0
    assert record(store, replace(run(5), group="other"), merged("error")) == 0


def test_many_runs_end_at_once(store: Store, bucket: Bucket) -> None:
    """No line is lost when runs end in the same moment."""
    stores = [Store(store.bucket, store.region) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: record(stores[number], run(number), merged("success")), range(6)))
    lines = gzip.decompress(bucket.get("archive/index/daily/2026-11.jsonl.gz")).decode().splitlines()
    assert sorted(json.loads(one)["run"] for one in lines) == [f"run-{number}" for number in range(6)]


def test_damaged_index_is_no_reason_to_fail(store: Store, bucket: Bucket) -> None:
    """A damaged object costs the count of red runs, not this run's line."""
    content = b"this is no gzip"
    store.put("archive/index/daily/2026-11.jsonl.gz", content)
    assert record(store, run(1), merged("error")) == 0
    assert bucket.get("archive/index/daily/2026-11.jsonl.gz").startswith(content)
