"""CI's schema: its name, what may be written, what is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.ci_schema import Isolation, check_template, production_schemas, schema_template

OWN = "{project}"


def node(schema: str, name: str = "orders", relation: str | None = None, *parents: str) -> dict[str, Any]:
    """Return a node of a manifest; a relation of '' is none."""
    shown = f"ANALYTICS.{schema}.{name}" if relation is None else relation
    return {
        "schema": schema,
        "database": "ANALYTICS",
        "relation_name": shown or None,
        "original_file_path": f"models/{name}.sql",
        "depends_on": {"nodes": list(parents)},
    }


def manifest(nodes: dict[str, Any], sources: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a manifest."""
    return {"nodes": nodes, "sources": sources or {}}


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"GITHUB_REF": "refs/pull/12/merge"}, "pr_12_{project}"),
        ({"GITHUB_REF": "refs/heads/main"}, "ci_anna_maria_{project}"),
        ({"CI_MERGE_REQUEST_IID": "34"}, "pr_34_{project}"),
        ({"CODEBUILD_WEBHOOK_TRIGGER": "pr/56"}, "pr_56_{project}"),
        ({"CODEBUILD_WEBHOOK_TRIGGER": "branch/main"}, "ci_anna_maria_{project}"),
        ({}, "ci_anna_maria_{project}"),
    ],
)
def test_name(variables: dict[str, str], name: str) -> None:
    """The schema is named after the pull request, or else after the user."""
    assert schema_template(OWN, variables, "Anna.Maria") == name
    check_template(name)


@pytest.mark.parametrize("name", ["ci_a-b", "ci_a; drop schema b", 'ci_"a"', "", "ci_" + 130 * "a", "ci_{other}"])
def test_no_identifier(name: str) -> None:
    """Only plain identifiers are taken: they become SQL."""
    with pytest.raises(ProjectError, match="cannot name a schema"):
        check_template(name)


@pytest.mark.parametrize("name", ["analytics", "{project}", "dbt_anna", "preview_1"])
def test_not_known_as_cis(name: str) -> None:
    """A schema that is dropped must look like one of CI's."""
    with pytest.raises(ProjectError, match="cannot be CI's"):
        check_template(name)


def test_production_is_refused() -> None:
    """A schema that production names, in whatever case, for a source or another environment, is never CI's."""
    production = frozenset(production_schemas(manifest({}, {"source.a": node("CI_Raw")})))
    with pytest.raises(ProjectError, match="in use by production"):
        Isolation("shop", "ci_raw", production).check(manifest({}), [])


@pytest.mark.parametrize("schema", ["shop", "finance", "pr_7_legacy"])
def test_node_outside_is_refused(schema: str) -> None:
    """A selected node that would be written elsewhere, or where production is, stops the run."""
    isolation = Isolation("shop", "pr_7", frozenset({"PR_7_LEGACY"}))
    with pytest.raises(ProjectError) as caught:
        isolation.check(manifest({"model.shop.orders": node(schema)}), ["model.shop.orders"])
    assert caught.value.where == "dbt/shop/models/orders.sql"


def test_unselected_or_unwritten_may_be_outside() -> None:
    """What is not built, and a test that stores nothing, may be where they like."""
    nodes = {"model.shop.orders": node("shop"), "test.shop.one": node("audit", relation="")}
    Isolation("shop", "pr_7", frozenset()).check(manifest(nodes), ["test.shop.one"])


def test_dropped_schemas() -> None:
    """Only schemas of CI's manifest that begin with its name and are not production's are dropped, quoted as by dbt."""
    nodes = {
        "model.shop.a": node("pr_7_shop_finance"),
        "model.shop.b": node("pr_7_shop", relation='"ANALYTICS"."pr_7_shop"."b"'),
        "model.shop.c": node("shop"),
        "model.shop.d": node("pr_7_shop_old"),
        "test.shop.e": node("pr_7_shop_dbt_test__audit"),
        "test.shop.f": node("pr_7_shop_other", relation=""),
    }
    found = Isolation("shop", "pr_7_shop", frozenset({"PR_7_SHOP_OLD"})).schemas(manifest(nodes))
    audit = "ANALYTICS.pr_7_shop_dbt_test__audit"
    assert found == ['"ANALYTICS"."pr_7_shop"', audit, "ANALYTICS.pr_7_shop_finance"]


def test_own_schema_without_a_node() -> None:
    """The target's schema is CI's even if every node has another: hooks may write there."""
    assert Isolation("shop", "pr_7", frozenset()).schemas(manifest({"m": node("pr_7_a")})) == [
        "pr_7",
        "ANALYTICS.pr_7_a",
    ]


def test_views_of_moved_sources() -> None:
    """Only sources that moved with the target, are read, and are not built get a view of production's."""
    read = ("source.moved", "source.fixed", "source.built")
    sources = {
        "source.moved": node("pr_7", "moved"),
        "source.fixed": node("raw", "fixed"),
        "source.built": node("pr_7", "built"),
        "source.unread": node("pr_7", "unread"),
    }
    nodes = {"model.a": node("pr_7", "a", None, *read), "seed.built": node("pr_7", "built")}
    real = manifest({}, {key: node("shop", key.split(".")[1]) for key in sources})
    views = Isolation("shop", "pr_7", frozenset()).views(manifest(nodes, sources), real, ["model.a", "seed.built"])
    assert views == {"ANALYTICS.pr_7.moved": "ANALYTICS.shop.moved"}
