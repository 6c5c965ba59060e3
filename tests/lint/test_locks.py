"""The versions of Airflow that have a lock: what each asks for, and that the pipelines run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.versions import offered
from tests.lint.test_ci import CI, GITLAB, commands, jobs
from tests.lint.test_house import ROOT, pins

LOCKED = sorted(path.stem.removeprefix("airflow-") for path in ROOT.glob("locks/airflow-*.txt"))


def test_locked_versions_are_offered() -> None:
    """MWAA makes new environments of each."""
    assert LOCKED
    assert set(LOCKED) <= set(offered())


@pytest.mark.parametrize("path", sorted(ROOT.glob("locks/requirements-*.txt")), ids=lambda path: path.stem)
def test_other_versions_have_the_same_requirements(path: Path) -> None:
    """requirements.txt for another Airflow asks for the packages of the project's own, at the pins of that lock."""
    version = path.stem.removeprefix("requirements-")
    own, wanted = pins("requirements.txt"), pins(f"locks/{path.name}")
    locked = pins(f"locks/airflow-{version}.txt")
    assert wanted["apache-airflow"] == version
    assert {name: locked.get(name) for name in wanted} == wanted
    assert own.keys() <= wanted.keys()
    assert wanted["astronomer-cosmos"] == own["astronomer-cosmos"]


def test_pipelines_run_every_locked_version() -> None:
    """GitHub's and GitLab's matrix has each, and hands it to the verb."""
    github, gitlab = jobs(CI)["matrix"], jobs(GITLAB)["matrix"]
    assert github["strategy"]["matrix"] == {"airflow": LOCKED}
    assert github["env"] == {"AIRFLOW": "${{ matrix.airflow }}"}
    assert gitlab["parallel"]["matrix"] == [{"AIRFLOW": LOCKED}]
    assert commands(github) == gitlab["script"] == ["make test-matrix"]
