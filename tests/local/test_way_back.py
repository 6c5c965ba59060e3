"""A deploy whose pip fails: MWAA calls the update a success, and the deploy brings the environment back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load
from scripts.aws import Aws
from scripts.deploy import history, verbs
from scripts.deploy.apply import Source
from scripts.target import Target
from tests.deploy.conftest import Shape, build
from tests.local.conftest import ROOT, Stand

GOOD, BROKEN = "some-tool==1.0\n", "some-tool==2.0\nno-such-package==1\n"


def target(stand: Stand) -> Target:
    """Return the stand as what a deploy goes to."""
    settings = load(ROOT / "settings.toml").environment("local")._replace(bucket=stand.bucket.name)
    return Target("local", settings, Aws("eu-central-1", stand.rehearsal.url("aws"), stand.rehearsal.url("mwaa")))


def deploy(stand: Stand, source: Source, action: str = "deploy") -> None:
    """Make a release live."""
    verbs.release(target(stand), source, action, 0.0)


def runs(stand: Stand) -> bytes:
    """Return the requirements.txt that the environment's containers have started with."""
    found = stand.environment
    assert (found["Status"], found["LastUpdate"]["Status"]) == ("AVAILABLE", "SUCCESS")
    return stand.bucket.get("requirements.txt", found["RequirementsS3ObjectVersion"])


def test_environment_is_brought_back(stand: Stand, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The error names the package and the release that runs again, which is proved; the next good one goes through."""
    good = build(Shape("A", requirements=GOOD), tmp_path / "a")
    deploy(stand, good.source)
    broken = build(Shape("B", requirements=BROKEN), tmp_path / "b")
    with pytest.raises(ProjectError, match="some-tool is missing") as told:
        deploy(stand, broken.source)
    assert f"The environment is back on release {good.name}" in told.value.what
    assert f"back to release {good.name}" in capfd.readouterr().err
    assert runs(stand).decode() == GOOD
    assert history.live(stand.bucket) == good.name
    assert [entry.action for entry in history.entries(stand.bucket)] == ["rollback", "deploy", "deploy"]
    assert verbs.plan(target(stand), good.source)[1] == []
    again = build(Shape("C", requirements=GOOD + "# mended\n"), tmp_path / "c")
    deploy(stand, again.source)
    assert history.live(stand.bucket) == again.name


def test_first_release_has_no_way_back(stand: Stand, tmp_path: Path) -> None:
    """Without a release before, the error is all there is, and says what is wrong."""
    broken = build(Shape("B", requirements=BROKEN), tmp_path / "b")
    with pytest.raises(ProjectError, match="some-tool is missing") as told:
        deploy(stand, broken.source)
    assert "back on release" not in told.value.what
    assert runs(stand).decode() == BROKEN


def test_way_back_may_fail(stand: Stand, tmp_path: Path) -> None:
    """If the release before does not fit either, both errors are told, and the one command for later."""
    first, second = (
        build(Shape(name, requirements=BROKEN + f"# {name}\n"), tmp_path / name) for name in ("one", "two")
    )
    with pytest.raises(ProjectError):
        deploy(stand, first.source)
    with pytest.raises(ProjectError, match=f"Nor did the way back to release {first.name} succeed") as told:
        deploy(stand, second.source)
    assert f"`mwaa rollback {first.name}`" in told.value.fix


def test_rollback_stays(stand: Stand, tmp_path: Path) -> None:
    """A rollback to a release that does not fit is left as it is: one wanted away from the other."""
    broken = build(Shape("B", requirements=BROKEN), tmp_path / "b")
    with pytest.raises(ProjectError):
        deploy(stand, broken.source)
    deploy(stand, build(Shape("A", requirements=GOOD), tmp_path / "a").source)
    with pytest.raises(ProjectError, match="some-tool is missing") as told:
        deploy(stand, verbs.kept(target(stand), broken.name), "rollback")
    assert "mwaa rollback" in told.value.fix
    assert history.live(stand.bucket) == broken.name
