"""Generated projects prove themselves: `make test` in each, with virtualenvs that are made once."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from scripts.paths import Paths
from scripts.venvs import airflow_venv, dbt_venv
from tests.command import Done
from tests.template.combinations import COMBINATIONS, Answers
from tests.template.conftest import ROOT, Git, generate

pytestmark = pytest.mark.template
# `make test-template AIRFLOW=…` asks for the projects of one version of Airflow.
ASKED = os.environ.get("TEMPLATE_AIRFLOW")
CHOSEN = [one for one in COMBINATIONS if ASKED in (None, "", one.airflow_version)]


@pytest.mark.parametrize("answers", CHOSEN, ids=lambda one: one.id)
def test_make_test(answers: Answers, template: Git, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it is green: tools, build, lint, types and the tests that go along."""
    project = generate(template, tmp_path / answers.id, project_name=answers.id, **answers._asdict())
    share_virtualenvs(project.folder, answers.airflow_version)
    begun = time.monotonic()
    done = make(project, "test")
    with capsys.disabled():
        print(f" {answers.id}: {time.monotonic() - begun:.0f} s", flush=True)
    assert done.code == 0, done.seen
    assert "passed" in done.out
    assert "skipped" not in done.out
    assert project.git("status", "--porcelain") == ""


def share_virtualenvs(folder: Path, version: str) -> None:
    """Link Airflow's virtualenv and dbt's, which take minutes to make and are the same in every project."""
    ours, theirs = Paths(ROOT), Paths(folder)
    theirs.home.mkdir(parents=True)
    (theirs.state / f"airflow-{version}").symlink_to(airflow_venv(ours, version).folder)
    dbt_venv(ours)
    (theirs.home / "dbt-venv").symlink_to(ours.home / "dbt-venv")


def make(project: Git, verb: str) -> Done:
    """Run a verb as a person would who has just generated the project, with their own cache of packages."""
    done = subprocess.run(["make", verb], cwd=project.folder, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)
