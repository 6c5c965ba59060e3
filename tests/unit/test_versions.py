"""Which versions MWAA offers, and which way leads from one to another."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from scripts.versions import LATEST, VERSIONS, known, not_offered, not_upgraded, offered

ROOT = Path(__file__).parents[2]
# As the user guide has it: upgrades and downgrades within a major version, across it by way of 2.11 alone.
POSSIBLE = [
    ("3.3.1", "3.3.1"),
    ("3.0.6", "3.3.1"),
    ("3.3.1", "3.0.6"),
    ("2.10.3", "2.11.2"),
    ("2.11.0", "2.11.2"),
    ("2.11.0", "3.3.1"),
    ("3.2.1", "2.11.2"),
    ("2.4.3", "2.11.2"),
]
IMPOSSIBLE = [
    ("2.10.3", "3.0.6", "only by way of 2.11.2"),
    ("2.4.3", "3.3.1", "only by way of 2.11.2"),
    ("3.0.6", "2.10.3", "only by way of 2.11.2"),
    ("2.11.2", "2.6.3", "MWAA's support of Airflow 2.6.3 ended on 2025-12-30."),
    ("3.2.1", "3.3.0", "MWAA does not offer Airflow '3.3.0'. Did you mean '3.3.1'?"),
    ("3.2.1", "latest", "MWAA does not offer Airflow 'latest'."),
]


@pytest.mark.parametrize(("before", "after"), POSSIBLE)
def test_possible_way(before: str, after: str) -> None:
    """A way that MWAA goes has no reason against it."""
    assert not_upgraded(before, after) is None


@pytest.mark.parametrize(("before", "after", "reason"), IMPOSSIBLE)
def test_impossible_way(before: str, after: str, reason: str) -> None:
    """A way that MWAA does not go has a reason, with the way that it does go or the version that was meant."""
    assert reason in (not_upgraded(before, after) or "")


def test_version_of_this_project_is_offered() -> None:
    """The project runs on a version that a new environment gets, on the Python that the tools run on."""
    project = tomllib.loads((ROOT / "settings.toml").read_text())["project"]
    version = known(project["airflow_version"])
    assert not_offered(project["airflow_version"]) is None
    assert version
    assert version.python == (ROOT / ".python-version").read_text().strip()


def test_versions_are_in_order() -> None:
    """The newest comes first, and what has ended is not offered."""
    assert list(VERSIONS) == sorted(VERSIONS, key=lambda name: [int(part) for part in name.split(".")], reverse=True)
    assert offered()[0] == LATEST
    assert [name for name in offered() if VERSIONS[name].ended] == []
