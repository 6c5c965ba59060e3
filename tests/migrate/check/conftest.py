"""`mwaa migrate check` in a project of its own, on folders that tests write."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.migrate.check.examine import static
from scripts.migrate.check.finding import Finding
from scripts.migrate.check.merge import merged
from scripts.migrate.check.source import Move, Place, read_sources
from tests.command import Done, mwaa

ROOT = Path(__file__).parents[3]
NOBODY = "http://127.0.0.1:9"  # answers nothing
DAG = """from datetime import datetime

from airflow.sdk import DAG

with DAG("shop", schedule=None, start_date=datetime(2026, 1, 1)):
    pass
"""


@dataclass(frozen=True)
class Bench:
    """A project, and a folder of old files beside it."""

    root: Path
    old: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the command has of its caller's environment."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_", "SSL_"))}
        return {**kept, "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/root"), "COLUMNS": "200"}

    def write(self, files: Mapping[str, str]) -> None:
        """Write old files."""
        for name, text in files.items():
            (self.old / name).parent.mkdir(parents=True, exist_ok=True)
            (self.old / name).write_text(text)

    def check(self, *words: str, **variables: str) -> Done:
        """Run `mwaa migrate check`, without MWAA's published constraints unless a mirror of them is given."""
        mirror = () if "--images" in words else ("--images", NOBODY)
        return mwaa(["migrate", "check", *words, *mirror], self.root, self.environment | variables)

    def git(self, *words: str) -> None:
        """Run git in the old files."""
        name = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", *name, *words], cwd=self.old, check=True, capture_output=True)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return a project and an empty folder."""
    return make_bench(tmp_path)


def make_bench(folder: Path) -> Bench:
    """Make a project with the locks and the virtualenv of this one, and an empty folder."""
    root, old = folder / "project", folder / "old"
    (root / ".mwaa").mkdir(parents=True)
    old.mkdir()
    shutil.copy(ROOT / "settings.toml", root)
    (root / "locks").symlink_to(ROOT / "locks")
    (root / ".mwaa" / "airflow-3.3.1").symlink_to((ROOT / ".mwaa" / "airflow-3.3.1").resolve())
    return Bench(root, old)


def seen(folder: Path, move: Move | None = None) -> list[Finding]:
    """Return what can be seen of a folder without importing it."""
    place, move = Place(folder), move or Move("2.11.2", "3.3.1")
    sources, unread = read_sources(place)
    return merged([*unread, *static(place, sources, move)])
