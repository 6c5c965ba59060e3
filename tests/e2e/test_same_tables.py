"""A warehouse of more than 300 models and every kind of node: a DAG run leaves just what `dbt build` leaves."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scripts.bundle import KEPT_FILES
from scripts.release import read_record
from tests.e2e.conftest import Done, Project, copy_project
from tests.e2e.contents import Contents, read_contents, wipe
from tests.e2e.plain import Plain
from tests.e2e.warehouse_project import NAME, write_warehouse

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
DAG = """from airflow.sdk import DAG
from mwaa_dbt import alerts, dbt_group

with DAG("{dag}", schedule=None, **alerts()):
    dbt_group("{project}"{options})
"""
# Local execution starts a dbt per node, so it has one node of each kind and not the twelve departments.
OPTIONS = {"whole": "", "sampled": ', execution="local", select=["tag:sampled"]'}
SELECTED = {"whole": [], "sampled": ["--select", "tag:sampled"]}
CHANGING = ["--select", "tag:changing"]


@dataclass(frozen=True)
class Ended:
    """What a DAG and dbt alone have made: of nothing, and then of a second day's rows."""

    dag: str
    runs: tuple[Done, Done]
    ours: tuple[Contents, Contents]
    plain: tuple[Contents, Contents]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Start a rehearsal of the warehouse alone, and end it."""
    copy = copy_project(tmp_path_factory.mktemp("warehouse"))
    copy.drop_samples()
    write_warehouse(copy.paths.root / "dbt" / NAME)
    for dag, options in OPTIONS.items():
        (copy.paths.root / "dags" / f"{dag}.py").write_text(DAG.format(dag=dag, project=NAME, options=options))
    up = copy.up()
    assert up.code == 0, up.err
    yield copy
    copy.mwaa("local", "down")


@pytest.fixture(scope="module", params=list(OPTIONS))
def ended(request: pytest.FixtureRequest, warehouse: Project, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Let the DAG and dbt alone make the same, one after the other, each twice and from nothing."""
    dag, folder = str(request.param), tmp_path_factory.mktemp("plain")
    plain = Plain(warehouse, NAME, folder)
    wipe(warehouse, NAME)
    dbt = [_build(warehouse, plain, *options) for options in (SELECTED[dag], CHANGING)]
    wipe(warehouse, NAME)
    done = [_run(warehouse, dag, *options) for options in ((), CHANGING)]
    (first, ours), (second, more) = done
    return Ended(dag, (first, second), (ours, more), (dbt[0], dbt[1]))


def _build(warehouse: Project, plain: Plain, *options: str) -> Contents:
    plain.build(*options)
    return read_contents(warehouse, NAME)


def _run(warehouse: Project, dag: str, *options: str) -> tuple[Done, Contents]:
    done = warehouse.mwaa("local", "run", dag, *options, "--json")
    return done, read_contents(warehouse, NAME)


def test_every_kind_is_there(warehouse: Project) -> None:
    """The project has 300 models and each kind of node, materialization and test."""
    build = warehouse.paths.build("local")
    kept = build / KEPT_FILES / read_record(build)["projects"][NAME]["manifest"]
    manifest = json.loads(gzip.decompress(kept.read_bytes()))
    nodes = manifest["nodes"].values()
    kinds = Counter(node["resource_type"] for node in nodes)
    assert kinds["model"] >= 300
    assert {"analysis", "model", "operation", "seed", "snapshot", "test"} <= set(kinds)
    made = {node["config"]["materialized"] for node in nodes if node["resource_type"] == "model"}
    assert made == {"ephemeral", "incremental", "table", "view"}
    other = ("disabled", "exposures", "groups", "metrics", "saved_queries", "semantic_models", "sources", "unit_tests")
    assert [kind for kind in other if not manifest[kind]] == []


def test_runs_are_green(ended: Ended) -> None:
    """Both runs end green, the first with no task skipped."""
    first, second = ended.runs
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert set(first.states.values()) == {"success"}


@pytest.mark.parametrize("run", [0, 1], ids=["first", "second"])
def test_tables_are_the_same(ended: Ended, run: int) -> None:
    """Each table and view is there, of the same kind and with the same rows; and none that dbt has not made."""
    ours, plain = ended.ours[run], ended.plain[run]
    different = {name for name in ours.keys() | plain.keys() if ours.get(name) != plain.get(name)}
    assert different == set(), [(ours.get(name), plain.get(name)) for name in different]


def test_enough_is_compared(ended: Ended) -> None:
    """The comparison is not of empty schemas: there are many relations, and the second run has changed some."""
    first, second = ended.plain
    assert len(first) >= {"whole": 240, "sampled": 20}[ended.dag]
    changed = {name for name in second if second[name] != first.get(name)}
    tables = {f"{NAME}.{name}".upper() for name in ("orders", "order_log", "orders_history", "revenue")}
    assert tables | {f"{NAME}_HISTORY.CUSTOMERS_HISTORY".upper()} <= changed
    assert f"{NAME}_CALENDAR.CALENDAR_DAYS".upper() not in changed
