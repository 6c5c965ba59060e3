"""The lines about a run's durations, as dbt_finish logs them."""

from __future__ import annotations

from datetime import UTC, datetime

from mwaa_dbt.durations import SLOWEST, lines
from mwaa_dbt.history import About
from mwaa_dbt.results import Outcome, merge
from tests.unit.test_results import invocation

ABOUT = About("daily", "run-0", "shop", "shop", "a8b8faec1297", None, datetime(2026, 11, 2, 5, tzinfo=UTC), 36.24)
RUN = "dag=daily group=shop run=run-0 release=a8b8faec1297"


def logged(*outcomes: Outcome) -> list[str]:
    """Return the lines of a run with these outcomes."""
    return list(lines(ABOUT, merge([invocation("producer", 1, list(outcomes))])))


def test_run_and_nodes_have_lines() -> None:
    """The run comes first, then its nodes, the slowest first."""
    found = logged(Outcome("model.shop.quick", "success", 1.0, 0.2), Outcome("model.shop.slow", "error", 2.0, 12.345))
    assert found == [
        f"dbt_run {RUN} state=failed nodes=2 seconds=36.2",
        f"dbt_node {RUN} node=model.shop.slow status=error tries=1 seconds=12.345",
        f"dbt_node {RUN} node=model.shop.quick status=success tries=1 seconds=0.2",
    ]


def test_only_slowest_have_lines() -> None:
    """A run of two thousand nodes logs as much as one of ten."""
    found = logged(*(Outcome(f"model.shop.m{number}", "success", 1.0, float(number)) for number in range(2000)))
    assert len(found) == 1 + SLOWEST
    assert [line.split("node=")[1].split()[0] for line in found[1:3]] == ["model.shop.m1999", "model.shop.m1998"]


def test_run_without_nodes_has_a_line() -> None:
    """A run in which dbt itself failed is there all the same."""
    lost = merge([invocation("producer", 1, [], errors=["Compilation Error"])])
    assert list(lines(ABOUT, lost)) == [f"dbt_run {RUN} state=failed nodes=0 seconds=36.2"]
