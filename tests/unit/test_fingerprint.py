"""What a build is made of: the same digest for the same files, and nothing from outside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.fingerprint import fingerprint
from scripts.paths import Paths


def project(folder: Path) -> Path:
    """Make the sources of a small project."""
    models = folder / "dbt" / "shop" / "models"
    models.mkdir(parents=True)
    (models / "orders.sql").write_text("select 1")
    (folder / "dbt" / "shop" / "dbt_project.yml").write_text("name: shop")
    (folder / "settings.toml").write_text("")
    return folder


def test_same_files_same_digest(tmp_path: Path) -> None:
    """The folder's place does not count; each byte of a source does, and what dbt makes does not."""
    first, second = project(tmp_path / "a"), project(tmp_path / "b")
    assert fingerprint(Paths(first)) == fingerprint(Paths(second))
    (second / "dbt" / "shop" / "target").mkdir()
    (second / "dbt" / "shop" / "target" / "manifest.json").write_text("{}")
    assert fingerprint(Paths(first)) == fingerprint(Paths(second))
    (second / "dbt" / "shop" / "models" / "orders.sql").write_text("select 2")
    assert fingerprint(Paths(first)) != fingerprint(Paths(second))


@pytest.mark.parametrize("name", ["dbt/shop/models/more.sql", "dags/more.py", "plugins", "startup.sh"])
def test_link_out_of_the_project_is_refused(tmp_path: Path, name: str) -> None:
    """A change of a model cannot have files of the build's machine shipped."""
    root, secret = project(tmp_path / "a"), tmp_path / "credentials"
    secret.write_text("key")
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(secret)
    with pytest.raises(ProjectError) as refused:
        fingerprint(Paths(root))
    assert refused.value.what == f"{name} is a link to {secret}."
    assert refused.value.where == name


def test_link_to_its_own_folder_is_refused(tmp_path: Path) -> None:
    """It would have no end."""
    root = project(tmp_path / "a")
    (root / "dbt" / "shop" / "models" / "again").symlink_to(root / "dbt")
    with pytest.raises(ProjectError, match="is a link to"):
        fingerprint(Paths(root))


def test_link_within_the_project_counts(tmp_path: Path) -> None:
    """Projects may share a file, or link a package, and a change of it is a change of both."""
    root = project(tmp_path / "a")
    shared = root / "dbt" / "_shared" / "macros"
    shared.mkdir(parents=True)
    (root / "dbt" / "shop" / "macros").symlink_to(shared)
    before = fingerprint(Paths(root))
    (shared / "cents.sql").write_text("{% macro cents() %}{% endmacro %}")
    assert fingerprint(Paths(root)) != before


def test_links_that_dbt_makes_are_passed_over(tmp_path: Path) -> None:
    """A virtualenv beside dbt_project.yml links to a Python elsewhere."""
    root = project(tmp_path / "a")
    (root / "dbt" / "shop" / ".venv").mkdir()
    (root / "dbt" / "shop" / ".venv" / "python").symlink_to("/usr/bin/env")
    assert fingerprint(Paths(root))
