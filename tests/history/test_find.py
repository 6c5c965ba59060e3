"""Which node or run a person means."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.history.find import find_run, node_history
from scripts.history.model import Run
from tests.history.conftest import run

NODES = (
    "model.shop.orders",
    "model.shop.stores.v1",
    "model.shop.stores.v2",
    "test.shop.not_null_orders_id.81cfe2fe64",
    "unit_test.shop.orders.adds_up",
    "source.shop.raw.payments",
    "model.shop.customers",
    "snapshot.shop.customers",
)


def runs(*numbers: int, nodes: Sequence[str] = NODES) -> list[Run]:
    """Return the runs of these days, newest first, all with these nodes."""
    made = {name: ["success", 0.0, 1.0, 1] for name in nodes}
    days = sorted(numbers, reverse=True)
    return [run(f"r{day}", at=f"2026-11-{day:02}T05:00:00+00:00", nodes=made) for day in days]


def nothing() -> list[Run]:
    """Stand for an archive that has nothing outside the window."""
    return []


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("orders", "model.shop.orders"),
        ("model.shop.orders", "model.shop.orders"),
        ("not_null_orders_id", "test.shop.not_null_orders_id.81cfe2fe64"),
        ("stores.v2", "model.shop.stores.v2"),
        ("adds_up", "unit_test.shop.orders.adds_up"),
        ("payments", "source.shop.raw.payments"),
        ("raw.payments", "source.shop.raw.payments"),
    ],
)
def test_names_of_a_node(name: str, node: str) -> None:
    """A node is found by its id, by its name, and by the last part of that."""
    assert node_history(name, runs(1, 2), nothing).id == node


def test_ambiguous_name() -> None:
    """Where a name fits several nodes, they are listed."""
    with pytest.raises(ProjectError, match=r"may be model.shop.customers or snapshot.shop.customers"):
        node_history("customers", runs(1), nothing)
    with pytest.raises(ProjectError, match=r"may be model.shop.stores.v1 or model.shop.stores.v2"):
        node_history("stores", runs(1), nothing)


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("ordres", "orders"), ("not_null_order_id", "not_null_orders_id"), ("model.shop.ordes", NODES[0])],
)
def test_typo_is_suggested(typo: str, meant: str) -> None:
    """A misspelt node is answered with the close one."""
    with pytest.raises(ProjectError) as error:
        node_history(typo, runs(1), lambda: runs(1))
    assert f"Did you mean {meant!r}?" in error.value.what


def test_deleted_node_is_suggested() -> None:
    """So is one that only old runs have; by its right name it is said when it was last seen."""
    old = runs(3, 4, nodes=["model.shop.old_orders"])
    with pytest.raises(ProjectError, match="Did you mean 'old_orders'"):
        node_history("old_order", runs(8), lambda: [*runs(8), *old])
    with pytest.raises(ProjectError, match="last one was at 2026-11-04 05:00") as error:
        node_history("old_orders", runs(8), lambda: [*runs(8), *old])
    assert "--since 2026-11-04" in error.value.fix


def test_history_stays_and_absence_is_seen() -> None:
    """A node that the newest run is without keeps its runs."""
    found = node_history("gone", [*runs(8), *runs(3, 4, nodes=["model.shop.gone"])], nothing)
    assert [one.run.run for one in found.runs] == ["r4", "r3"]
    assert [one.run for one in found.missing] == ["r8"]
    assert node_history("orders", runs(8, 9), nothing).missing == []


def test_other_groups_are_not_missed() -> None:
    """A node is missed only where it was."""
    other = run("r9", group="other", at="2026-11-09T05:00:00+00:00")
    assert node_history("stores.v1", [other, *runs(8)], nothing).missing == []


def test_run_by_id_or_part() -> None:
    """A run is found by its id even if that is a part of others, or by what it alone has; all its groups."""
    known = [run("r1"), run("r1", group="other"), run("r10"), run("r20")]
    assert [one.group for one in find_run("r1", known, nothing)] == ["shop", "other"]
    assert [one.run for one in find_run("20", known, nothing)] == ["r20"]
    with pytest.raises(ProjectError, match="'r' may be r1 or r10 or r20"):
        find_run("r", known, nothing)


def test_run_outside_the_window() -> None:
    """A run that is older than the window is looked for in everything."""
    assert find_run("r3", runs(8), lambda: runs(3, 8))[0].run == "r3"
    with pytest.raises(ProjectError, match=r"no run 'scheduled__2026-11-02'. Did you mean 'scheduled__2026-11-03'"):
        find_run("scheduled__2026-11-02", [], lambda: [run("scheduled__2026-11-03")])
