"""Each verb as the role that a pipeline takes: it has what it needs, and nothing that no verb needs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.command import Done
from tests.rights.conftest import World
from tests.rights.readme import needs, rights

Make = Callable[[], World]
UNKNOWN = "0123456789ab"


class Case(NamedTuple):
    """A verb's arguments, the role that runs it, and what it says if AWS lets it do its work."""

    role: str
    arguments: tuple[str, ...]
    said: str


# `ci` and `build --state` go on with dbt, which asks AWS for a connection only: tests/rights/test_ci.py.
CASES = {
    "plan": [Case("PlanRole", ("plan",), "environment: update needed for requirements.txt, startup.sh")],
    "releases": [Case("PlanRole", ("releases",), "deploy, live")],
    "drift": [Case("PlanRole", ("drift",), "not as deployed")],
    "deploy": [Case("DeployRole", ("deploy",), "is live (before:")],
    "rollback": [Case("DeployRole", ("rollback",), "is live (before:")],
    "gc": [Case("DeployRole", ("gc",), "1 objects, 0.0 MB deleted")],
    "unlock": [Case("DeployRole", ("unlock", "--force"), "Removed the lock of somebody@elsewhere")],
    "ci": [
        Case("CiRole", ("ci",), "✓ release current, from the bucket"),
        Case("CiRole", ("ci", "--state", UNKNOWN), f"There is no release '{UNKNOWN}'."),
    ],
    "build --state": [
        Case("CiRole", ("build", "--state", "current"), "✓ release current, from the bucket"),
        Case("CiRole", ("build", "--state", UNKNOWN), f"There is no release '{UNKNOWN}'."),
    ],
}
READ_LATER = {"secretsmanager:GetSecretValue"}


def run(make: Make, case: Case, without: str | None = None) -> tuple[World, Done]:
    """Run a case in a world of its own, with all that the role may do or without one action."""
    world = make()
    if "unlock" in case.arguments:
        world.lock()
    if without:
        world.without(case.role, without)
    world.cloud.gate.asks.clear()
    return world, world.run(case.role, *case.arguments)


@pytest.mark.parametrize("verb", [pytest.param(verb, marks=[pytest.mark.slow] * (verb != "plan")) for verb in CASES])
def test_role_is_enough_and_no_more(make: Make, verb: str) -> None:
    """A verb does its work with its role; without any one of its actions it fails, and names that."""
    needed = set()
    for case in CASES[verb]:
        world, done = run(make, case)
        assert case.said in done.out + done.err, done
        for action in {ask.action for ask in world.cloud.gate.asks}:
            _, denied = run(make, case, without=action)
            if case.said not in denied.out + denied.err:
                check_denied(denied, action)
                needed.add(action)
    assert needed == needs(verb) - READ_LATER


def check_denied(done: Done, action: str) -> None:
    """Check that an error names the action, with the statement that allows it."""
    assert done.code == 1
    assert f"There is no permission for {action}." in done.err
    found = re.search(r"allow it: (\{.*\}); ", done.err)
    assert found, done.err
    statement = json.loads(found[1])
    assert (statement["Effect"], statement["Action"]) == ("Allow", action)
    assert statement["Resource"].startswith("arn:aws:")


def test_table_is_whole() -> None:
    """Every right has a verb that fails without it, and every verb of the table is tried."""
    assert [right for right in rights() if not right.verbs] == []
    assert {verb for right in rights() for verb in right.verbs} == set(CASES)
