"""This repository as a template: a git repository with a tag, of the sources as they are now."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command import Done
from tests.lint.test_house import tracked

ROOT = Path(__file__).parents[2]
COPIER = Path(sys.executable).with_name("copier")
FIRST = "v0.1.0"


@dataclass(frozen=True)
class Git:
    """A folder in git, with a user and settings of its own."""

    folder: Path

    @property
    def url(self) -> str:
        """Where Copier clones it from."""
        return f"git+file://{self.folder}"

    def git(self, *arguments: str) -> str:
        """Run git in it and return what it prints."""
        done = run(["git", *arguments], self.folder)
        assert done.code == 0, done.seen
        return done.out

    def commit(self, message: str = "changed") -> None:
        """Commit all."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def start(self) -> None:
        """Make it a repository, and commit all."""
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("first")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text in a file, once."""
        file = self.folder / path
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} is not once in {path}"
        file.write_text(text.replace(old, new))

    def text(self, path: str) -> str:
        """Return a file's text."""
        return (self.folder / path).read_text()


def run(command: list[str | Path], folder: Path) -> Done:
    """Run a command with nothing of the caller's git and Copier."""
    home = {"HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    who = {f"GIT_{role}_{part}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "NO_COLOR": "1", **home, **who}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def copier(folder: Path, verb: str, *arguments: str | Path, **answers: object) -> Done:
    """Run Copier in a folder without questions, with these answers."""
    data = [part for name, value in answers.items() for part in ("--data", f"{name}={value!s}")]
    return run([COPIER, verb, "--defaults", *data, *map(str, arguments)], folder)


def generate(template: Git, folder: Path, **answers: object) -> Git:
    """Generate a project into a folder that is not there yet, and commit it."""
    done = copier(folder.parent, "copy", "--quiet", template.url, folder, **answers)
    assert done.code == 0, done.seen
    project = Git(folder)
    project.start()
    return project


def snapshot(folder: Path, without: tuple[str, ...] = ()) -> Git:
    """Copy what git tracks here, or would, into a repository with one commit and one tag.

    Args:
        folder: where.
        without: beginnings of the paths to leave out. Copier takes its time over each file.
    """
    for name in (name for name in tracked() if not name.startswith(without or " ")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    template = Git(folder)
    template.start()
    template.git("tag", FIRST)
    return template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Return the template at its first tag."""
    return snapshot(tmp_path_factory.mktemp("origin") / "template")


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Return the template without what no answer changes."""
    bulk = ("benchmarks/", "docs/", "infra/", "plugins/", "scripts/", "dags/mwaa_dbt/", "tests/")
    return snapshot(tmp_path_factory.mktemp("light") / "template", bulk)


@pytest.fixture(scope="session")
def default(template: Git, tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Return the project of one who answers nothing."""
    return generate(template, tmp_path_factory.mktemp("default") / "mwaa-dbt")
