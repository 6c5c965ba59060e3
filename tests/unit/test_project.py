"""open_project: the projects of the release that the code itself is part of."""

from __future__ import annotations

from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.project import RELEASE, open_project
from tests.unit.container import PROJECT, Container, files

DAG = """
from mwaa_dbt.project import open_project
opened = open_project({name!r})
FOLDER, RELEASE, MANIFEST = opened.folder, opened.release, opened.manifest
"""


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """Return a container with an empty DAG folder."""
    return Container(tmp_path)


def test_project_is_that_of_the_release(container: Container) -> None:
    """A DAG file gets the folder that was unpacked with it, and the name of its release."""
    release = container.make({"shop.py": DAG.format(name="shop")}, {"shop": PROJECT})
    container.ship(release)
    names = container.parse()["names"]
    folder = container.home / "projects" / release.projects["shop"]
    assert names["FOLDER"] == str(folder)
    assert names["MANIFEST"] == str(folder / "manifest.json")
    assert names["RELEASE"] == release.digest[:12]
    assert files(folder) == PROJECT


def test_old_process_keeps_its_project(container: Container) -> None:
    """A process that began with the old release opens the old project after a deploy, too."""
    dag = {"shop.py": DAG.format(name="shop")}
    old, new = container.make(dag, {"shop": PROJECT}), container.make(dag, {"shop": {**PROJECT, "a.sql": ""}})
    container.ship(old)
    with container.process() as process:
        before = process.parse()["names"]
        container.ship(new, old)
        assert container.parse()["names"]["RELEASE"] == new.digest[:12]
        assert process.parse()["names"]["FOLDER"] == before["FOLDER"]


@pytest.mark.parametrize(
    ("projects", "close", "known"),
    [({"shop": PROJECT, "crm": PROJECT}, " Did you mean 'shop'?", "crm, shop"), ({}, "", "none")],
    ids=["misspelt", "no project"],
)
def test_unknown_project_is_told(
    projects: dict[str, dict[str, str]], close: str, known: str, container: Container
) -> None:
    """A project that the release lacks is told with the release, the close name and all known ones."""
    release = container.make({"shop.py": DAG.format(name="shpo")}, projects)
    container.ship(release)
    error = container.parse()["error"]
    assert f"ProjectError: Release {release.digest[:12]} has no dbt project 'shpo'.{close}\n" in error
    assert f"  where: dbt_group('shpo', …)\n  fix:   name one of: {known}; a project is a folder in dbt/" in error


def test_sources_are_no_release() -> None:
    """In the source tree, where nothing was built, the error says what to parse instead."""
    with pytest.raises(ProjectError) as caught:
        open_project("shop")
    assert caught.value.what == "This DAG folder was not built."
    assert caught.value.where == str(RELEASE / "release.json")
