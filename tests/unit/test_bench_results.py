"""The benchmarks' arithmetic: slopes, stacked tables, results that survive their file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.growth import EMPTY, overheads, series, slope, with_slopes
from benchmarks.measure import Result, Row, Sample, as_row, compare, stack
from benchmarks.results import Kept, read, save
from benchmarks.run import count_tasks, together
from benchmarks.table import cells
from benchmarks.usage import Usage, component, processes

SMALL = Result("", [Row("plain", 4.0, 1), Row("ours", 1.0, 1)])
LARGE = Result("", [Row("plain", 16.0, 1), Row("ours", 1.0, 1)])


@pytest.mark.parametrize("exponent", [0.0, 1.0, 1.5])
def test_slope_is_the_exponent(exponent: float) -> None:
    """Seconds that follow a power law give its exponent, whatever its factor."""
    assert slope({size: 0.3 * size**exponent for size in (50, 100, 200, 400)}) == pytest.approx(exponent)


def test_slope_is_fitted() -> None:
    """Points off the line are met by least squares, not by the two ends: here 0.5 of [0, 2, 1] · ln 10."""
    assert slope({1: 1.0, 10: 100.0, 100: 10.0}) == pytest.approx(0.5)


def test_slope_stands_in_the_row_of_the_largest_size() -> None:
    """Each way has one slope; the ways are fitted apart."""
    result = with_slopes(stack("", {100: SMALL, 200: LARGE}))
    assert [row.facts.get("slope") for row in result.rows] == [None, None, pytest.approx(2.0), pytest.approx(0.0)]


def test_one_size_has_no_slope() -> None:
    """A single point is no curve, nor is a way that was stopped at the larger size."""
    stopped = Result("", [Row("plain", 9.0, 1, stopped=True), Row("ours", 2.0, 1)])
    assert all("slope" not in row.facts for row in with_slopes(stack("", {100: SMALL})).rows)
    assert series(stack("", {100: SMALL, 200: stopped})) == {"plain": {100: 4.0}, "ours": {100: 1.0, 200: 2.0}}


def test_overhead_is_beyond_bare() -> None:
    """What Airflow adds is the run less dbt's own seconds; the plain rows are gone."""
    rows = [Row("bare", 10.0, 3), Row(EMPTY, 12.0, 3), Row("ours", 25.0, 3, {"CPU": 1.0})]
    (row,) = overheads(Result("", rows), "bare").rows
    assert (row.what, row.seconds, row.facts) == ("ours", 15.0, {"whole run": 25.0, "bare": 10.0})


def test_ratio_is_within_a_size() -> None:
    """In a table of several sizes each row is compared with the first of its own size."""
    head, *rows = cells(stack("", {100: SMALL, 200: LARGE}))
    assert head == ["", "models", "seconds", "ratio", "n"]
    assert [(row[1], row[3]) for row in rows] == [("100", "1"), ("100", "0.25"), ("200", "1"), ("200", "0.062")]


def test_stopped_way_is_told_and_not_repeated() -> None:
    """A run that had to be stopped counts as longer than its limit, and is measured once."""
    ways = {"plain": lambda: Sample(1.0), "slow": lambda: Sample(20.0, stopped=True)}
    result = compare("", ways, 3)
    assert [row.n for row in result.rows] == [3, 1]
    assert cells(result)[2][1:3] == ["> 20.00", "> 20"]


def test_failed_run_is_told_and_not_counted() -> None:
    """A run that failed says nothing of how long one takes, unless all did."""
    failed = Sample(9.0, {"CPU": 9.0}, failed=True)
    row = as_row("stock", [Sample(2.0, {"CPU": 1.0}), failed, Sample(4.0, {"CPU": 3.0})])
    assert (row.seconds, row.n, row.facts) == (3.0, 3, {"CPU": 2.0, "failed": 1.0})
    assert as_row("stock", [failed]).facts == {"CPU": 9.0, "failed": 1.0}


def test_first_rows_are_put_together() -> None:
    """Two phases that both measured the plain tool count all its samples."""
    phases = [Result("", [as_row("bare", [Sample(2.0)]), Row("stock", 9.0, 1)])]
    phases += [Result("", [as_row("bare", [Sample(4.0), Sample(6.0)]), Row("ours", 5.0, 1)])]
    rows = together(phases).rows
    assert [(row.what, row.seconds, row.n) for row in rows] == [("bare", 4.0, 3), ("stock", 9.0, 1), ("ours", 5.0, 1)]


def test_results_survive_their_file(tmp_path: Path) -> None:
    """What is read is what was saved, every sample too; what was never measured is absent."""
    samples = [Sample(2.0, {"CPU": 1.0}), Sample(9.0, {"CPU": 2.0}, stopped=True)]
    kept = Kept("a machine", "a command", [Result("A table", [as_row("plain", samples)])])
    save(tmp_path, "run", kept)
    found = read(tmp_path, "run")
    assert found == kept
    assert found.results[0].rows[0].samples == tuple(samples)
    assert read(tmp_path, "fork") is None
    assert re.search(r"^\| plain \| > 9.00 ", found.markdown, re.MULTILINE)


def test_tasks_are_counted_as_stock_cosmos_makes_them(tmp_path: Path) -> None:
    """One task per node, one per tested node, two around; a test of a source has none."""
    nodes = {
        "model.p.a": {"resource_type": "model"},
        "seed.p.b": {"resource_type": "seed"},
        "test.p.one": {"resource_type": "test", "attached_node": "model.p.a"},
        "test.p.two": {"resource_type": "test", "attached_node": "model.p.a"},
        "test.p.three": {"resource_type": "test", "attached_node": "source.p.c"},
        "analysis.p.d": {"resource_type": "analysis"},
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": nodes}))
    assert count_tasks(manifest) == 5


def test_celery_workers_share_a_column() -> None:
    """A rehearsal's processes are summed up by component."""
    names = ("worker-1", "worker-2", "outside", "scheduler")
    assert [component(name) for name in names] == ["workers", "workers", "warehouse", "scheduler"]


def test_own_process_is_found() -> None:
    """The kernel's table has this very process, its session and its CPU seconds."""
    (own,) = (process for process in processes() if process.pid == os.getpid())
    assert own.session == os.getsid(0)
    assert own.own == pytest.approx(sum(os.times()[:2]), abs=0.2)


def test_work_is_seen_in_its_component() -> None:
    """CPU seconds that a session uses meanwhile are those of its component, and of no other."""
    with Usage({"triggerer": os.getsid(0)}) as usage:
        end = os.times().user + 0.3
        while os.times().user < end:
            pass
    assert usage.facts["triggerer"] >= 0.2
    assert usage.facts["scheduler"] == 0.0


def test_child_in_own_session_is_seen() -> None:
    """A program that a task starts in a session of its own, as BashOperator does, is its component's work."""
    with Usage({"triggerer": os.getsid(0)}) as usage:
        busy = "import os\nwhile os.times().user < 0.4: pass\nprint('', flush=True)\ninput()"
        child = subprocess.Popen(
            [sys.executable, "-c", busy], start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdout
        child.stdout.readline()
    assert usage.facts["triggerer"] >= 0.3
    child.communicate(b"\n")
