"""Two environments with schedulers, of the versions of Airflow that people go from and to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migrate.cutover.cutting import Pair, pair


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Pair]:
    """From Airflow 2.11 to 3.3."""
    with pair(tmp_path, "2.11.2", "3.3.1") as found:
        yield found


@pytest.fixture
def sides3(tmp_path: Path) -> Iterator[Pair]:
    """From Airflow 3.0 to 3.3."""
    with pair(tmp_path, "3.0.6", "3.3.1") as found:
        yield found


@pytest.fixture
def sides2(tmp_path: Path) -> Iterator[Pair]:
    """From Airflow 2.10 to 2.11."""
    with pair(tmp_path, "2.10.3", "2.11.2") as found:
        yield found
