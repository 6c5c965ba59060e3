"""`mwaa env` at a terminal: it asks before it changes anything, and Ctrl-C leaves AWS to go on."""

from __future__ import annotations

import pytest

from scripts.env.site import KINDS
from tests.command import MWAA
from tests.env.conftest import Site
from tests.terminal import at_terminal

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")


def typed(site: Site, question: str, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run `mwaa env …` and answer its question."""
    command = [str(MWAA), "env", *arguments, "--env", "prod"]
    return at_terminal(command, [(question, answer)], site.root, {**site.environment, "TERM": "xterm"})


def test_no_is_no(site: Site) -> None:
    """Whoever says no, or presses Ctrl-C at the question, has changed nothing."""
    for answer in (b"n\n", b"\x03"):
        code, seen = typed(site, "Go on?", answer, "create")
        assert (code != 0, "Aborted" in seen, "Traceback" in seen) == (True, True, False), seen
    assert site.stacks() == {}


def test_yes_is_yes(site: Site) -> None:
    """The plan stands before the question, and what was done after it."""
    code, seen = typed(site, "Go on?", b"y\n", "create")
    assert code == 0, seen
    assert seen.index("AWS::MWAA::Environment") < seen.index("Go on?") < seen.index("a task in it has run")


def test_name_must_be_typed(made: Site) -> None:
    """A deletion wants the environment's name; anything else deletes nothing."""
    code, seen = typed(made, f"Type {made.name}", b"yes\n", "delete")
    assert (code, "nothing was deleted" in seen) == (1, True), seen
    assert set(made.stacks()) == {*KINDS}


def test_interrupted_wait_says_what_goes_on(made: Site) -> None:
    """Ctrl-C while MWAA works: AWS goes on, and the same command takes it up."""
    made.mwaa.patches[made.name] = [{"Status": "UPDATING", "LastUpdate": {"Status": "PENDING"}}]
    code, seen = typed(made, "UPDATING", b"\x03", "create", "--yes")
    assert (code != 0, "Traceback" in seen) == (True, False), seen
    assert f"MWAA's work on {made.name} goes on in AWS." in seen
    assert "`mwaa env create --env prod` takes it up" in seen
    made.mwaa.patches.clear()
    assert made.env("create").code == 0
