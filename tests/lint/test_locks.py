"""The versions of Airflow that have a lock: MWAA offers them, and the template is proved on them."""

from __future__ import annotations

import pytest

from scripts.versions import offered
from tests.lint.test_ci import OURS, TEMPLATE, commands, jobs
from tests.lint.test_house import ROOT

LOCKED = sorted(path.stem.removeprefix("airflow-") for path in ROOT.glob("locks/airflow-*.txt"))


def test_locked_versions_are_offered() -> None:
    """MWAA makes new environments of each."""
    assert LOCKED
    assert set(LOCKED) <= set(offered())


@pytest.mark.parametrize("name", OURS)
def test_pipeline_runs_every_locked_version(name: str) -> None:
    """The template's own matrix has each, and hands it to the verb."""
    job = jobs(TEMPLATE)[name]
    assert job["strategy"]["matrix"] == {"airflow": LOCKED}
    assert job["env"] == {"AIRFLOW": "${{ matrix.airflow }}"}
    assert commands(job) == [OURS[name]]
