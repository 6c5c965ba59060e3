"""Hooks in the build: wrapped in the copy that ships, and nothing else of a project is any different."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgpack
import pytest

from mwaa_dbt.errors import ProjectError
from scripts.hooks import wrap_hooks
from scripts.projects import DbtProject, find_projects, stage
from tests.hooks.conftest import SOURCES, Shop, make_dbt


def test_archive_counts_hooks(built: Shop) -> None:
    """A release says how many hooks a project has with its packages, in a file that costs nothing to read."""
    assert json.loads((built.folder / "target" / "hooks.json").read_text()) == {"on-run-start": 2, "on-run-end": 8}
    assert "MWAA_DBT_HOOKS" in (built.folder / "dbt_packages" / "audit" / "dbt_project.yml").read_text()


def test_switch_is_no_part_of_the_parse(built: Shop) -> None:
    """What dbt notes of environment variables does not name the switch, so its value costs no parse."""
    parse = msgpack.unpackb((built.folder / "target" / "partial_parse.msgpack").read_bytes(), strict_map_key=False)
    assert len([node for node in parse["nodes"].values() if "MWAA_DBT_HOOKS" in (node.get("raw_code") or "")]) == 10
    assert parse["env_vars"] == {}


def test_linked_package_is_left_alone(tmp_path: Path) -> None:
    """A package that dbt links from elsewhere on this machine is wrapped in a copy; its own files stay as they are."""
    elsewhere = shutil.copytree(SOURCES / "audit", tmp_path / "elsewhere")
    sources = shutil.copytree(SOURCES / "shop", tmp_path / "dbt" / "shop").parent
    (sources / "shop" / "packages.yml").write_text(f"packages: [{{local: {elsewhere}}}]\n")
    (shop,) = stage(find_projects(sources), tmp_path / "stage")
    make_dbt(tmp_path / "profiles").deps(shop)
    assert (shop.packages / "audit").is_symlink()
    wrap_hooks(shop)
    assert (elsewhere / "dbt_project.yml").read_text() == (SOURCES / "audit" / "dbt_project.yml").read_text()
    assert "MWAA_DBT_HOOKS" in (shop.packages / "audit" / "dbt_project.yml").read_text()


def test_wrapping_modifies_no_node(tmp_path: Path) -> None:
    """Against a release from before, `state:modified` selects nothing: no model is built again for its hooks' sake."""
    dbt = make_dbt(tmp_path / "profiles")
    shop = staged(tmp_path)
    dbt.deps(shop)
    dbt.parse(shop)
    shutil.copytree(shop.folder / "target", tmp_path / "state")
    wrap_hooks(shop)
    (shop.folder / "models" / "marts" / "orders.sql").write_text("select 1 as id, 2 as amount")
    select = ["ls", "--select", "state:modified", "--state", tmp_path / "state", "--resource-type", "model"]
    listed = [event["info"]["msg"] for event in dbt.run(shop, *select) if event["info"]["name"] == "PrintEvent"]
    assert listed == ["shop.marts.orders"]


def staged(folder: Path) -> DbtProject:
    """Return a staged copy of the shop."""
    (shop,) = [project for project in stage(find_projects(SOURCES), folder / "stage") if project.name == "shop"]
    return shop


def test_error_keeps_its_line(tmp_path: Path) -> None:
    """The line of a wrong hook that dbt names is its author's."""
    shop, dbt = staged(tmp_path), make_dbt(tmp_path / "profiles")
    path = shop.folder / "dbt_project.yml"
    path.write_text(path.read_text().replace("{% else %}", "{% elsewhere %}"))
    (shop.folder / "packages.yml").unlink()
    before = parse_error(shop, dbt)
    wrap_hooks(shop)
    assert "MWAA_DBT_HOOKS" in path.read_text()
    assert parse_error(shop, dbt) == before
    assert before.endswith("line 3")


def parse_error(shop: DbtProject, dbt: object) -> str:
    """Return where dbt sees the error."""
    with pytest.raises(ProjectError) as caught:
        dbt.parse(shop)  # type: ignore[attr-defined]
    return caught.value.where
