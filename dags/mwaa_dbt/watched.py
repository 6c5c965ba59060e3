"""What each watching task of a group stands for, among all that the producer's one dbt does."""

from __future__ import annotations

from collections.abc import Iterator

from mwaa_dbt.nodes import Selection
from mwaa_dbt.wish import Wish

OTHERS = "dbt_other_tests"
TESTS = " tests"

type Watched = dict[str, tuple[str, ...]]


def watched(selection: Selection, wish: Wish) -> Watched:
    """Return the unique ids that a task waits for: by a node's unique id, the same with TESTS, or OTHERS."""
    found = dict(_watched(selection, wish))
    if wish.tests in ("build", "after_each") and selection.others:
        found[OTHERS] = selection.others
    return found


def _watched(selection: Selection, wish: Wish) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, node in selection.built.items():
        # dbt inlines an ephemeral model, and never says that it has.
        own = () if node.has_ephemeral_materialization else (name,)
        units, tests = selection.unit_tests(name), selection.data_tests(name)
        if wish.tests == "build":
            yield name, (*own, *units, *tests)
        elif wish.tests == "after_each":
            yield name, (*own, *units)
            yield name + TESTS, tests
        else:
            yield name, own


def problems_key(node: str) -> str:
    """Return the XCom key of the problems of a node's tests, at the producer."""
    return f"{node.replace('.', '__')}_tests_problems"


def tests_per_model(tasks: Watched) -> dict[str, list[str]]:
    """Return the tests that have a task of their own, by the node they test."""
    return {name.removesuffix(TESTS): list(tests) for name, tests in tasks.items() if name.endswith(TESTS)}
