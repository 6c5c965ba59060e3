"""What the build writes of nodes and of projects: texts, pages, and what one project may read of another."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.archive import slim
from scripts.describe import COLUMNS, DESCRIPTION, LINE, descriptions
from scripts.docs import CATALOG, page, write_list
from scripts.projects import DbtProject
from scripts.references import check_references

TEMPLATE = '<script>var n={manifest:"MANIFEST.JSON INLINE DATA",catalog:"CATALOG.JSON INLINE DATA"}</script>'
SOURCES = """sources:
  - name: till
    tables:
      - name: orders
  - name: shop
    tables:
      - name: customers
      - name: "orders"  # all of them
"""


def node(name: str = "orders", **more: Any) -> dict[str, Any]:
    """Return a table of the project `shop`, as dbt's manifest has it."""
    return {
        "unique_id": f"model.shop.{name}",
        "resource_type": "model",
        "name": name,
        "alias": name,
        "database": "ANALYTICS",
        "schema": "shop",
        "original_file_path": f"models/{name}.sql",
        "config": {"materialized": "table"},
        "columns": {},
        "depends_on": {"nodes": []},
        "access": "protected",
        **more,
    }


def data_test(kind: str, column: str | None, **more: Any) -> dict[str, Any]:
    """Return a generic test of `orders`."""
    own = {"test_metadata": {"name": kind}, "column_name": column, "attached_node": "model.shop.orders"}
    return {"resource_type": "test", "name": f"{kind}_orders_{column}", "depends_on": {"nodes": []}, **own, **more}


def manifest(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a manifest of these nodes."""
    found = {one.get("unique_id", f"test.shop.{number}"): one for number, one in enumerate(nodes)}
    return {"metadata": {"project_name": "shop"}, "nodes": found, "sources": {}, **more}


def told(*nodes: dict[str, Any], **more: Any) -> tuple[str, str]:
    """Return the two texts of `orders`."""
    return descriptions(manifest(*nodes, **more))["model.shop.orders"]


def test_node_is_described() -> None:
    """A node's text has what a person asks of it: what it is, whose, its columns, and what is tested."""
    columns = {"id": {"name": "id", "description": "The order's\nnumber."}, "a|b": {"name": "x", "description": "a|b"}}
    orders = node(
        description="All orders.\n\nOne row each.",
        columns=columns,
        access="public",
        group="sales",
        config={"tags": ["a"]},
    )
    groups = {"group.shop.sales": {"name": "sales", "owner": {"name": "Sales team"}}}
    short, long = told(
        orders, data_test("unique", "ID"), data_test("not_null", "id"), data_test("balance", None), groups=groups
    )
    assert short == "All orders. One row each."
    assert long.split("\n\n") == [
        "All orders. One row each.",
        "model · owner Sales team · public · tags a · `models/orders.sql`",
        "| column | | tests |\n|---|---|---|\n| `id` | The order's number. | not_null, unique |\n| `x` | a\\|b |  |",
        "Tests: balance",
    ]


def test_bare_node_is_described() -> None:
    """A node of which nobody has written anything is still told apart; meta has the first word on whose it is."""
    assert told(node()) == ("table model · `models/orders.sql`",) * 2
    mine = node(config={"materialized": "table", "meta": {"owner": "me"}}, group="sales")
    assert "owner me" in told(mine, groups={"g": {"name": "sales", "owner": {"name": "Sales"}}})[1]


def test_texts_are_bounded() -> None:
    """However much is written of a node, what Airflow's database has to keep of it is little."""
    columns = {str(number): {"name": f"column_{number}", "description": "long " * 500} for number in range(300)}
    tests = [data_test("long_name" * 9, f"column_{number}") for number in range(300)]
    wordy = node(description="words " * 5000, columns=columns)
    short, long = told(wordy, *tests, *(data_test(f"test_{number}", None) for number in range(300)))
    assert len(short) <= LINE
    assert long.count("\n| `column_") == COLUMNS
    assert "and 280 more" in long
    assert len(long) < 2 * DESCRIPTION + COLUMNS * 300


def test_tables_are_in_the_slim_manifest() -> None:
    """A DAG knows of each node what table it becomes; what becomes none has none."""
    seed = node("seed", unique_id="seed.shop.seed", resource_type="seed", alias=None)
    inline = node("inline", config={"materialized": "ephemeral"})
    found = slim({**manifest(node(alias="all_orders"), seed, inline, data_test("unique", "id")), "selectors": {}})[
        "nodes"
    ]
    assert {name: one.get("relation") for name, one in found.items()} == {
        "model.shop.orders": "ANALYTICS.shop.all_orders",
        "model.shop.inline": None,
        "seed.shop.seed": "ANALYTICS.shop.seed",
        "test.shop.3": None,
    }


def test_page_holds_the_manifest() -> None:
    """The page has the manifest as its script reads it; no description can end that script, and nobody is told."""
    evil = "</script><script>alert(1)</script><!-- <script>"
    made = page(TEMPLATE, manifest(node(description=evil), child_map={"left": "out"}))
    assert made.count("</script>") == 1
    assert "<!--" not in made
    found = re.fullmatch(r"<script>var n=\{manifest:(.*),catalog:(.*)\}</script>", made)
    assert found
    shown, catalog = map(json.loads, found.groups())
    assert shown["nodes"]["model.shop.orders"]["description"] == evil
    assert shown["metadata"]["send_anonymous_usage_stats"] is False
    assert "child_map" not in shown
    assert catalog == CATALOG


def project(folder: Path, name: str, table: dict[str, Any], sources: str = "") -> DbtProject:
    """Write a parsed project."""
    root = folder / name
    (root / "target").mkdir(parents=True)
    (root / "models").mkdir()
    (root / "models" / "_sources.yml").write_text(sources)
    (root / "target" / "manifest.json").write_text(json.dumps(table))
    return DbtProject(name, root)


def test_list_leads_to_pages(tmp_path: Path) -> None:
    """The list of projects leads to the page of each."""
    (tmp_path / "docs").mkdir()
    write_list([project(tmp_path, "shop", manifest(node(), data_test("unique", "id")))], tmp_path)
    text = (tmp_path / "docs" / "index.html").read_text()
    assert '<a href="/dbt-docs/shop">shop</a> <span>1 model, 1 test</span>' in text


def source(**more: Any) -> dict[str, Any]:
    """Return the source shop.orders of another project."""
    return {
        "source_name": "shop",
        "name": "orders",
        "identifier": "orders",
        "database": "analytics",
        "schema": "SHOP",
        "original_file_path": "models/_sources.yml",
        **more,
    }


def checked(folder: Path, read: dict[str, Any], *nodes: dict[str, Any]) -> None:
    """Check a project with a source beside the project `shop`."""
    other = {**manifest(), "metadata": {"project_name": "club"}, "sources": {"source.club.x": read}}
    check_references([project(folder, "shop", manifest(*nodes)), project(folder, "club", other, SOURCES)])


@pytest.mark.parametrize(
    "read",
    [
        source(),
        source(source_name="till", schema="till"),
        source(source_name="anything"),
        source(identifier="all_orders", name="whatever"),
    ],
    ids=["public", "elsewhere", "another name", "alias"],
)
def test_public_models_may_be_read(tmp_path: Path, read: dict[str, Any]) -> None:
    """A public model may be read where it is built, letters large or small; so may what no project builds."""
    nodes = (node(access="public"), node("old", alias="all_orders", access="public"))
    checked(tmp_path, read, *nodes)


@pytest.mark.parametrize(
    ("read", "nodes", "words"),
    [
        (source(), [node()], ("model 'orders' of dbt/shop is not public", "say `access: public`", "models/orders.sql")),
        (source(source_name="till"), [node()], ("not public", "source till.orders")),
        (
            source(identifier="ordrs"),
            [node(access="public")],
            ("builds no 'ordrs'", "Did you mean 'orders'?", "public models: orders;", "call the source otherwise"),
        ),
        (source(), [node("stores")], ("builds no 'orders'", "it has none yet")),
        (
            source(schema="shop_dev"),
            [node(access="public")],
            ("reads analytics.shop_dev.orders, but dbt/shop builds ANALYTICS.shop.orders", "schema: shop"),
        ),
        (source(), [node(resource_type="seed", access=None)], ("seed 'orders'", "no access of seeds and snapshots")),
        (source(), [node(config={"materialized": "ephemeral"}, access="public")], ("builds no 'orders'",)),
    ],
    ids=["protected", "other name", "typo", "none public", "elsewhere", "seed", "ephemeral"],
)  # fmt: skip
def test_others_may_not(
    tmp_path: Path, read: dict[str, Any], nodes: list[dict[str, Any]], words: tuple[str, ...]
) -> None:
    """Whatever else is read of another project is told with file and line, and the edit that mends it."""
    with pytest.raises(ProjectError) as told:
        checked(tmp_path, read, *nodes)
    text = f"{told.value.what} {told.value.fix}"
    assert [word for word in words if word not in text] == []
    line = 4 if read["source_name"] == "till" else 8
    assert told.value.where == f"dbt/club/models/_sources.yml, line {line}"
