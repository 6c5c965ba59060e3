"""The pipelines: thin, pinned, and with no more rights than they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
GITLAB, CODEBUILD = ROOT / "ci" / "gitlab.yml", ROOT / "ci" / "codebuild.yml"
TEST, BUILD = "make test", ".venv/bin/mwaa build --env prod"
VERBS = {TEST, BUILD, "make setup"}
# What only GitHub needs: to hand a name to the next step, and to join jobs in one check.
GLUE = {'echo "name=$(ls build/prod/releases)" >>"$GITHUB_OUTPUT"', 'test "$RESULTS" = "success success"'}
READ = {"contents": "read"}


def workflow(path: Path) -> dict[str, Any]:
    """Return a workflow; YAML reads its `on` as true."""
    return dict(yaml.safe_load(path.read_text()))


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    """Return a workflow's jobs."""
    return dict(workflow(path)["jobs"])


def lines(path: Path) -> Iterator[str]:
    """Return every shell line of a pipeline."""
    table = yaml.safe_load(path.read_text())
    if path == CODEBUILD:
        for phase in table["phases"].values():
            yield from phase.get("commands", [])
    elif path == GITLAB:
        for job in table.values():
            for key in ("before_script", "script", "after_script"):
                yield from job.get(key, [])
    else:
        for job in table["jobs"].values():
            yield from (step["run"] for step in job["steps"] if "run" in step)


def ids(path: Path) -> str:
    """Name a pipeline in the test's name."""
    return path.relative_to(ROOT).as_posix()


def test_github_has_a_workflow() -> None:
    """The pipeline is where GitHub reads it."""
    assert ROOT / ".github" / "workflows" / "ci.yml" in WORKFLOWS


@pytest.mark.parametrize("path", [*WORKFLOWS, GITLAB, CODEBUILD], ids=ids)
def test_only_verbs_are_called(path: Path) -> None:
    """A pipeline calls what a person can type at home."""
    assert set(lines(path)) - VERBS - (GLUE if path in WORKFLOWS else set()) == set()


@pytest.mark.parametrize("path", [ROOT / ".github" / "workflows" / "ci.yml", GITLAB, CODEBUILD], ids=ids)
def test_everything_is_tested_and_built(path: Path) -> None:
    """Every pipeline runs all tests, builds production's release and keeps it whole."""
    assert {TEST, BUILD} <= set(lines(path))
    assert "build/prod" in path.read_text().replace(BUILD, "")


def test_verbs_exist() -> None:
    """The verbs that pipelines call are in the Makefile and the command."""
    makefile = (ROOT / "Makefile").read_text()
    for verb in VERBS:
        if verb.startswith("make "):
            assert re.search(rf"^{verb.split()[1]}:", makefile, re.MULTILINE), verb


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_actions_are_pinned(path: Path) -> None:
    """An action is named by its commit, with its version behind it; a tag could be moved."""
    uses = re.findall(r"uses:.*", path.read_text())
    assert uses
    for line in uses:
        assert re.fullmatch(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_one_commit_per_action(path: Path) -> None:
    """An action has one pin in a workflow, so that an update cannot miss a place."""
    pins = set(re.findall(r"uses: ([\w./-]+)@(\S+)", path.read_text()))
    assert len({action for action, _ in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_rights_are_least(path: Path) -> None:
    """A workflow has no right, its jobs may at most read the sources, and no checkout leaves a token."""
    assert workflow(path)["permissions"] == {}
    for name, job in jobs(path).items():
        assert job["permissions"] in ({}, READ), name
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)
        assert bool(checkouts) == (job["permissions"] == READ)


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_runs_end(path: Path) -> None:
    """A run that is overtaken is cancelled, and none hangs for GitHub's six hours."""
    assert workflow(path)["concurrency"]["cancel-in-progress"] is True
    assert all(0 < job["timeout-minutes"] <= 30 for job in jobs(path).values())


def test_pass_needs_every_job() -> None:
    """The one required check runs always and stands for all other jobs."""
    all_jobs = jobs(ROOT / ".github" / "workflows" / "ci.yml")
    gate = all_jobs.pop("pass")
    assert gate["if"] == "always()"
    assert sorted(gate["needs"]) == sorted(all_jobs)
    (step,) = gate["steps"]
    assert step["run"] == f'test "$RESULTS" = "{" ".join("success" for _ in all_jobs)}"'


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_nothing_foreign_reaches_a_shell(path: Path) -> None:
    """No expression stands in a shell line, where a branch's name could become a command."""
    assert [line for line in lines(path) if "${{" in line] == []


def test_hidden_files_are_kept() -> None:
    """The artefact has dags/.airflowignore, without which Airflow would search the archives for DAGs."""
    (upload,) = [
        step
        for job in jobs(ROOT / ".github" / "workflows" / "ci.yml").values()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact@")
    ]
    assert upload["with"]["include-hidden-files"] is True
    assert "dags/.airflowignore" in yaml.safe_load(CODEBUILD.read_text())["artifacts"]["files"]


def test_python_is_mwaas() -> None:
    """Every pipeline runs the Python of .python-version."""
    version = (ROOT / ".python-version").read_text().strip()
    assert yaml.safe_load(GITLAB.read_text())["default"]["image"].startswith(f"python:{version}-")
    assert str(yaml.safe_load(CODEBUILD.read_text())["phases"]["install"]["runtime-versions"]["python"]) == version


@pytest.mark.parametrize("path", [*WORKFLOWS, GITLAB, CODEBUILD], ids=ids)
def test_readme_names_the_pipeline(path: Path) -> None:
    """ci/README.md says what each pipeline is for."""
    assert f"`{ids(path)}`" in (ROOT / "ci" / "README.md").read_text()
