"""The `mwaa` command as a person runs it: help, mistakes and errors, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from scripts.cli import app
from tests import command
from tests.command import Done

ROOT = Path(__file__).parents[2]


def mwaa(*arguments: str, folder: Path = ROOT) -> Done:
    """Run the command without a terminal and with nothing of the caller's environment."""
    return command.mwaa(arguments, folder, {"PATH": os.defpath, "HOME": str(folder), "COLUMNS": "200"})


def verbs(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Return every command that does something, as the words that a person types."""
    if not hasattr(command, "commands"):
        yield path
        return
    for name, child in command.commands.items():
        yield from verbs(child, *path, name)


VERBS = list(verbs(typer.main.get_command(app)))


def test_verbs_are_known() -> None:
    """The walk over the commands finds them, nested ones too."""
    assert {("build",), ("local", "run"), ("trigger",)} <= set(VERBS)


@pytest.mark.parametrize("library", ["boto3", "botocore", "cryptography", "packaging", "psutil", "requests", "yaml"])
def test_starts_light(library: str) -> None:
    """What one verb needs, no other waits for: half of a short command's time was libraries that it had no use for."""
    code = f"import sys, scripts.cli; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_libraries_fit() -> None:
    """Nobody who runs a DAG here is warned of a version of some library: the connector's requests would, of chardet."""
    code = "import snowflake.connector.vendored.requests"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert "DependencyWarning" not in done.stderr


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_has_an_example(verb: tuple[str, ...]) -> None:
    """Every command's help ends in a line that can be typed, and has no colours off a terminal."""
    done = mwaa(*verb, "--help")
    assert done.code == 0
    assert f"Example: mwaa {' '.join(verb)}" in done.out
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize(
    "arguments",
    [("build", "--evn", "prod"), ("build", "extra"), ("local", "run"), ("local", "run", "shop", "--vars", "{")],
    ids=" ".join,
)
def test_wrong_usage_exits_2(arguments: tuple[str, ...]) -> None:
    """A command that makes no sense exits with 2, says what is wrong, and does nothing."""
    done = mwaa(*arguments)
    assert done.code == 2
    assert "Usage:" in done.err
    assert "Traceback" not in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("arguments", "suggested"),
    [
        (("buidl",), "Did you mean 'build'?"),
        (("local", "statsu"), "Did you mean 'status'?"),
        (("build", "--evn", "prod"), "(Possible options: --env)"),
    ],
)
def test_misspelt_word_is_suggested(arguments: tuple[str, ...], suggested: str) -> None:
    """A misspelt command or option is answered with the close one."""
    done = mwaa(*arguments)
    assert done.code == 2
    assert suggested in done.err


@pytest.mark.parametrize("arguments", [("build",), ("local", "status"), ("local", "down")], ids=" ".join)
def test_outside_a_project(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Outside of a project every command says so in three parts and exits with 1."""
    done = mwaa(*arguments, folder=tmp_path)
    assert done.code == 1
    assert done.out == ""
    assert done.err.splitlines() == [
        "error: This is not a project: no settings.toml.",
        f"  where: {tmp_path}",
        "  fix:   change into the project's folder",
    ]


def test_found_from_below(tmp_path: Path) -> None:
    """A command works in any folder of the project."""
    (tmp_path / "settings.toml").write_text("[project")
    (tmp_path / "dbt" / "shop").mkdir(parents=True)
    done = mwaa("build", folder=tmp_path / "dbt" / "shop")
    assert "settings.toml is not valid TOML" in done.err


def test_brackets_in_errors_are_shown(tmp_path: Path) -> None:
    """The name of a table, which is in brackets, is text and no markup of the terminal's."""
    (tmp_path / "settings.toml").write_text('[project]\nname = "shop"\n')
    done = mwaa("build", folder=tmp_path)
    assert done.code == 1
    assert "add `airflow_version = …` to [project] in settings.toml" in done.err


def test_own_environments_are_named() -> None:
    """An unknown environment of this project is answered with the known ones and the table to add."""
    done = mwaa("build", "--env", "prdo")
    assert done.code == 1
    assert "There is no environment 'prdo'. Did you mean 'prod'?" in done.err
    assert "use one of: local, staging, prod, or add [environments.prdo]" in done.err
