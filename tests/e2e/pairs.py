"""Two rehearsals side by side: the old one has the Airflow that people come from, the new one the project's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.conftest import Project, copy_project

# `make test-migrate AIRFLOW=3.3.1` comes from another one.
OLD = os.environ.get("MIGRATE_AIRFLOW") or "2.11.2"


def make_pair(root: Path) -> tuple[Project, Project]:
    """Copy the project twice, the old one moved to its version."""
    for name in ("old", "new"):
        (root / name).mkdir()
    return copy_project(root / "old", OLD), copy_project(root / "new")


@contextmanager
def running(*projects: Project) -> Iterator[None]:
    """Start rehearsals, one after the other, and end them all."""
    try:
        for project in projects:
            done = project.up()
            assert done.code == 0, done.err
        yield
    finally:
        for project in projects:
            project.mwaa("local", "down")
