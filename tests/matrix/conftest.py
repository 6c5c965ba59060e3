"""A copy of the project for each version of Airflow that has a lock."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from scripts.venvs import LOCKS
from scripts.versions import number
from tests.e2e.conftest import ROOT, Project, copy_project

LOCKED = (path.stem.removeprefix("airflow-") for path in (ROOT / LOCKS).glob("airflow-*.txt"))
# `make test-matrix AIRFLOW=…` asks for one.
ASKED = os.environ.get("MATRIX_AIRFLOW")
VERSIONS = [ASKED] if ASKED else sorted(LOCKED, key=number)


TOLD: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what each version took, after all else."""
    for line in TOLD:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", params=VERSIONS)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Copy the project and move it to a version; its rehearsal, if there is one, ends with the tests."""
    copy = copy_project(tmp_path_factory.mktemp("matrix"), request.param)
    yield copy
    copy.mwaa("local", "down")
