"""`mwaa build --state` and `mwaa ci`: real dbt, against a rehearsal that runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from scripts import connections
from scripts.ci import proxy
from scripts.target import find_target
from scripts.workshop import DbtTarget, open_build
from tests.command import MWAA
from tests.e2e.conftest import Done, Project, copy_project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MODELS = "dbt/jaffle_shop/models"
CORE = f"{MODELS}/marts/core/_core.yml"
ORDERS = f"{MODELS}/marts/core/orders.sql"
PULL_REQUEST = "refs/pull/7/merge"
CI = "pr_7_jaffle_shop"
COUNT = "select count(*), max(updated_at) from jaffle_shop.orders"
MARK = "insert into jaffle_shop.orders select * replace (-1 as order_id) from jaffle_shop.orders limit 1"


def sources(root: Path) -> dict[Path, bytes]:
    """Return what a test may have changed."""
    return {path: path.read_bytes() for path in (root / "dbt").rglob("*") if path.is_file()}


def ids(nodes: list[dict[str, Any]], *changes: str) -> set[str]:
    """Return the names of nodes that are no tests and have one of these changes."""
    found = [node for node in nodes if node["change"] in changes and "test" not in node["kind"]]
    return {node["id"].split(".", 2)[2] for node in found}


def ci(project: Project, *arguments: str) -> Done:
    """Run `mwaa ci` as GitHub Actions would for pull request 7."""
    command = ["env", f"GITHUB_REF={PULL_REQUEST}", str(MWAA), "ci", *arguments]
    done = subprocess.run(command, cwd=project.paths.root, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def tables(project: Project, schema: str) -> set[str]:
    """Return the relations of a schema; none where there is no such schema."""
    sql = f"select table_name from information_schema.tables where lower(table_schema) = '{schema}'"  # noqa: S608
    return {row[0].lower() for row in project.sql(sql)}


def schemas(project: Project) -> set[str]:
    """Return the schemas that CI has left."""
    rows = project.sql("select schema_name from information_schema.schemata")
    return {name for (name,) in rows if name.lower().startswith(("pr_", "ci_"))}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Run a rehearsal whose release is live and whose warehouse was built with it."""
    project = copy_project(tmp_path_factory.mktemp("ci"))
    try:
        done = project.up()
        assert done.code == 0, done.err
        build_production(project)
        yield project
    finally:
        project.mwaa("local", "down")


def build_production(project: Project) -> None:
    """Build every model with the environment's own target."""
    target = find_target(project.paths, "local")
    secret = target.aws.secret(connections.secret_name(target.settings, target.settings.snowflake.connection))
    with open_build(project.paths, "local") as workshop:
        dbt = workshop.dbt(DbtTarget("local", target.settings, secret), proxy(project.paths, "local"))
        for one in workshop.projects:
            dbt(one).run(one, "build")


@pytest.fixture
def shop(production: Project) -> Iterator[Project]:
    """Give the project to change; its sources are put back, and no schema of CI's may be left."""
    before = sources(production.paths.root)
    yield production
    for path in set(sources(production.paths.root)) - set(before):
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    assert schemas(production) == set()


def test_nothing_changed(shop: Project) -> None:
    """Where nothing has changed, CI says so, needs no credentials and opens no connection."""
    done = ci(shop)
    assert (done.code, "Nothing to build has changed since" in done.out) == (0, True), done.err
    assert "Secrets Manager" not in done.err


def changes(copy: Project, old: Path) -> list[dict[str, Any]]:
    """Return what a new build says has changed since another."""
    done = copy.mwaa("build", "--state", str(old), "--json")
    assert done.code == 0, done.err
    return list(json.loads(done.out)["changed"])


def test_changes_since_another_build(shop: Project, tmp_path: Path) -> None:
    """The same sources in another folder have no changed node; every kind of change is found, and no other."""
    copy, old = copy_project(tmp_path / "copy"), tmp_path / "old"
    assert changes(copy, shop.paths.build("local")) == []
    copy.edit(CORE, "  - name: customers\n", "  - name: customers\n    config: {persist_docs: {relation: true}}\n")
    assert copy.mwaa("build").code == 0
    copy.paths.build("local").rename(old)
    change_everything(copy)
    nodes = changes(copy, old)
    own = [node for node in nodes if node["project"] == "jaffle_shop"]
    assert ids(own, "modified") == MODIFIED
    assert ids(own, "new") == {"extra"}
    assert {"stores", "order_items", "finance_dashboard"} <= ids(own, "child of a modified node")
    assert not {"stg_customers", "raw_orders"} & ids(own, "new", "modified", "child of a modified node")
    assert {node["change"] for node in nodes if node["project"] == "unit_fails"} == {"new"}


# A body; a tag; four that call the macro; a seed; a description that dbt writes to the warehouse.
MODIFIED = {"stg_stores", "stg_orders", "raw_stores", "customers"}
MODIFIED |= {"stg_payments", "stg_products", "stg_supplies", "stg_order_items"}


def change_everything(copy: Project) -> None:
    """Change a body, a configuration, a macro, a seed, a description in the warehouse, one elsewhere, and a var."""
    root = copy.paths.root
    with (root / MODELS / "staging/stg_stores.sql").open("a") as file:
        file.write("-- changed\n")
    stg_orders = root / MODELS / "staging/stg_orders.sql"
    stg_orders.write_text("{{ config(tags=['till']) }}\n" + stg_orders.read_text())
    copy.edit("dbt/jaffle_shop/macros/cents_to_dollars.sql", "16, 2", "18, 2")
    with (root / "dbt/jaffle_shop/seeds/reference/raw_stores.csv").open("a") as file:
        file.write((root / "dbt/jaffle_shop/seeds/reference/raw_stores.csv").read_text().splitlines()[-1] + "\n")
    copy.edit(CORE, "Customers with what they have bought, one row each.", "Customers.")
    copy.edit("dbt/jaffle_shop/dbt_project.yml", "orders_since: null", "orders_since: '2026-01-01'")
    (root / MODELS / "staging/extra.sql").write_text("select 1 as id")
    shutil.copytree(Path(__file__).with_name("projects") / "unit_fails", root / "dbt/unit_fails")


def test_only_changes_are_built(shop: Project) -> None:
    """CI builds what a change touches, reads the rest from production, and carries an incremental model over."""
    before = shop.sql(COUNT)
    shop.sql(MARK)
    shop.edit(ORDERS, "select * from joined", "select *, 1 as changed from joined")
    done = ci(shop, "--json", "--keep")
    assert done.code == 0, done.err
    assert json.loads(done.out)["schemas"] == {"jaffle_shop": CI}
    built = {node["id"].split(".")[2] for node in json.loads(done.out)["nodes"] if node["kind"] == "model"}
    assert "orders" in built
    assert "stg_orders" not in built
    # The hook's table aside, there is nothing but what was built: all else was read from production.
    assert tables(shop, CI) == built | {"dbt_runs"}
    # A first run would have left out the row that only production's table has.
    assert shop.sql("select count(*) from pr_7_jaffle_shop.orders where order_id = -1") == [(1,)]
    shop.sql("delete from jaffle_shop.orders where order_id = -1")
    assert shop.sql(COUNT) == before
    with pytest.raises(ProgrammingError):
        shop.sql("select changed from jaffle_shop.orders")
    again = ci(shop, "--json")
    assert (again.code, json.loads(again.out)["success"]) == (0, True), again.err


def test_sources_of_the_own_schema(shop: Project) -> None:
    """A source that lies in the target's schema is read from production, too."""
    shop.edit(f"{MODELS}/staging/stg_payments.sql", "select * from renamed", "select * from renamed where true")
    done = ci(shop, "--json")
    assert done.code == 0, done.err
    states = {node["id"]: node["status"] for node in json.loads(done.out)["nodes"]}
    assert states["model.jaffle_shop.stg_payments"] == "success"


def test_broken_model(shop: Project) -> None:
    """A model that the warehouse refuses fails before any row is read, is named, and leaves no schema."""
    shop.edit(f"{MODELS}/staging/stg_stores.sql", "select * from renamed", "select nonsense from renamed")
    done = ci(shop)
    assert done.code == 1
    assert "model.jaffle_shop.stg_stores failed: Database Error in model stg_stores" in done.err
    assert f"where: {MODELS}/staging/stg_stores.sql" in done.err
    # The first pass was its last.
    assert "dbt project jaffle_shop: built" not in done.err
    assert "Traceback" not in done.err


def test_failing_test(shop: Project) -> None:
    """A failing test alone needs no model built: it looks at production."""
    (shop.paths.root / "dbt/jaffle_shop/tests/fails.sql").write_text("select * from {{ ref('stg_stores') }}")
    done = ci(shop, "--json")
    assert done.code == 1
    assert "test.jaffle_shop.fails failed: Got " in done.err
    assert "where: dbt/jaffle_shop/tests/fails.sql" in done.err
    assert [node["status"] for node in json.loads(done.out)["nodes"]] == ["fail"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_cancelled(shop: Project, ending: signal.Signals) -> None:
    """A job that is cancelled while dbt runs drops its schema first."""
    shop.edit(ORDERS, "select * from joined", "select *, 1 as changed from joined")
    command = [str(MWAA), "ci"]
    environment = {**os.environ, "GITHUB_REF": PULL_REQUEST}
    with subprocess.Popen(command, cwd=shop.paths.root, env=environment, stderr=subprocess.PIPE, text=True) as job:
        assert job.stderr is not None
        for line in job.stderr:
            if f"schema {CI}" in line:
                break
        time.sleep(1)
        assert CI in {name.lower() for name in schemas(shop)}
        job.send_signal(ending)
        rest = job.stderr.read()
    assert job.returncode != 0
    assert f"schema {CI} dropped" in rest
    assert "Traceback" not in rest


def test_schema_of_others(shop: Project) -> None:
    """A schema that is not known as CI's by its name, or is in use, is refused."""
    shop.edit(ORDERS, "select * from joined", "select *, 1 as changed from joined")
    done = ci(shop, "--schema", "jaffle_shop")
    assert (done.code, "begin it with ci_ or pr_" in done.err) == (1, True)
    macro = "{% macro generate_schema_name(name, node) %}{{ name or 'jaffle_shop' }}{% endmacro %}"
    (shop.paths.root / "dbt/jaffle_shop/macros/generate_schema_name.sql").write_text(macro)
    done = ci(shop)
    assert done.code == 1
    assert "would be written to schema jaffle_shop, outside of CI's" in done.err
    assert "schema pr_7" not in done.err
