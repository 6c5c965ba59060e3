"""The documents: they name verbs, options and files that are there, and the reference is that of the code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from scripts import reference
from scripts.cli import app
from tests.lint.test_house import tracked

ROOT = Path(__file__).parents[2]
# A change may tell of what is gone.
PAGES = [name for name in tracked() if name.endswith(".md") and name != "CHANGELOG.md"]
COMMAND = re.compile(r"`(mwaa(?: [^`]*)?)`|^\$ ((?:mwaa|make) .*)$", re.MULTILINE)
# Where a command ends and the shell, or the reader, goes on.
END = re.compile(r" [|>&#]|;|…| \\$| and | or ")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
ROOT_COMMAND = typer.main.get_command(app)


def commands(text: str) -> Iterator[str]:
    """Return the commands that a text names."""
    for inline, typed in COMMAND.findall(text):
        yield END.split(" ".join((inline or typed).split()))[0].strip()


def fault(command: str) -> str:
    """Return what is wrong with a command."""
    program, *words = command.split()
    if program == "make":
        return "" if not words or words[0] in TARGETS else f"no target {words[0]}"
    found: Any = ROOT_COMMAND
    while hasattr(found, "commands") and words and not words[0].startswith("-"):
        if words[0] not in found.commands:
            return f"no verb {words[0]}"
        found = found.commands[words.pop(0)]
    known = {"--help", *(name for one in found.params for name in (*one.opts, *one.secondary_opts))}
    # What comes after "airflow" is Airflow's own.
    named = [] if command.startswith("mwaa airflow") else re.findall(r"(?<!\S)\[?(--?[a-z][\w-]*)", " ".join(words))
    return ", ".join(f"no option {name}" for name in named if name not in known)


def test_commands_are_found() -> None:
    """The test below looks at something, and sees what is wrong."""
    assert sum(len(list(commands(page.read_text()))) for page in map(ROOT.joinpath, PAGES)) > 200
    assert fault("mwaa deploi --env prod") == "no verb deploi"
    assert fault("mwaa deploy --evn prod") == "no option --evn"
    assert fault("make tset") == "no target tset"


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    """Each verb, option and target that a document names is there."""
    found = {command: why for command in commands((ROOT / page).read_text()) if (why := fault(command))}
    assert found == {}


def test_reference_is_current() -> None:
    """docs/reference is what the code says; `make reference` makes it."""
    folder = ROOT / reference.FOLDER
    assert {path.name: path.read_text() for path in folder.iterdir()} == reference.pages()


@pytest.mark.slow
def test_site_builds(tmp_path: Path) -> None:
    """`make docs` finds every link and anchor."""
    copy = ["-C", str(ROOT), "docs", f"SITE={tmp_path}"]
    done = subprocess.run(["make", *copy], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "index.html").is_file()
