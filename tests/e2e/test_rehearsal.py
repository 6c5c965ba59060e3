"""A day in the life of a project: first run, next run, reruns, a second project, a failure.

The tests stand in the order of the story; each fixture is one run that the ones below build upon.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import psutil
import pytest
import requests

from mwaa_dbt.durations import SLOWEST
from mwaa_dbt.settings import load
from scripts.aws import Aws
from scripts.connections import secret_name
from scripts.doctor.examine import REMOTE
from scripts.local import state
from scripts.local.manifests import read_relations
from tests.e2e.conftest import Done, Project, assert_partial_parse, slack
from tests.e2e.plain import plain_build
from tests.e2e.search import everything

pytestmark = pytest.mark.e2e
ORDERS = "dbt/jaffle_shop/seeds/point_of_sale/raw_orders.csv"
PRODUCTS = "dbt/jaffle_shop/seeds/reference/raw_products.csv"
TINY = """
name: tiny_shop
version: '1.0'
profile: whatever
on-run-end: select 1
"""
POISON = "update ANALYTICS.jaffle_shop.orders set days_since_joining = 9999 where order_id = 1"
POISONED = "select count(*) from ANALYTICS.jaffle_shop.orders where days_since_joining = 9999"


@pytest.fixture(scope="module")
def first(project: Project, rehearsal: state.Rehearsal) -> Done:
    """Run the sample DAG on an empty warehouse."""
    return project.mwaa("local", "run", "jaffle_shop", "--json")


@pytest.fixture(scope="module")
def second(project: Project, first: Done) -> Done:
    """Run it again with a new order and a new price."""
    with (project.paths.root / ORDERS).open("a") as file:
        file.write("9001,3,1,2025-01-31 12:00:00,cancelled,2025-01-31 12:00:00\n")
    project.edit(PRODUCTS, "classic cheese,jaffle,650", "classic cheese,jaffle,700")
    project.sql(POISON)
    return project.mwaa("local", "run", "jaffle_shop", "--json")


@pytest.fixture(scope="module")
def mended(project: Project, second: Done) -> Done:
    """Run one model over its whole history by a var of the run."""
    chosen = ("--select", "orders", "--vars", json.dumps({"orders_since": "2000-01-01"}))
    return project.mwaa("local", "run", "jaffle_shop", *chosen, "--json")


def test_first_run_succeeds(first: Done, project: Project) -> None:
    """Every node of the project has a task, and each is green."""
    assert first.code == 0, first.err
    assert set(first.states.values()) == {"success"}
    own = {name for name in read_relations(project.paths.build("local")) if name.startswith("jaffle_shop.")}
    assert set(first.rows) == own


def test_hook_runs_once(first: Done, project: Project) -> None:
    """The project's on-run-end hook ran once in the whole run, and was told of every node."""
    rows = project.sql("select succeeded + failed + skipped from ANALYTICS.jaffle_shop.dbt_runs")
    assert len(rows) == 1
    assert rows[0][0] > 80


def test_connections_are_right(first: Done, project: Project) -> None:
    """What the rehearsal has stored is what Airflow's own backend, Cosmos and both servers take."""
    done = project.mwaa("secrets", "check", "--connect")
    assert done.code == 0, done.out + done.err
    assert project.mwaa("secrets", "diff").code == 0


def test_doctor_finds_nothing(first: Done, project: Project) -> None:
    """With a rehearsal that works nothing is wrong, in any group; a task in it proves the same from inside."""
    done = project.mwaa("doctor", "--json")
    assert done.code == 0, done.out
    groups = json.loads(done.out)["groups"]
    assert [one for name in REMOTE for one in groups[name] if one["state"] not in ("ok", "skipped")] == []
    assert [name for name in REMOTE if all(one["state"] == "skipped" for one in groups[name])] == ["role"]
    assert project.mwaa("doctor", "--only", "containers", "--smoke").code == 0


def test_rows_equal_plain_dbt(first: Done, project: Project, tmp_path: Path) -> None:
    """The marts hold as many rows as a plain `dbt build` of the same project leaves in a fresh warehouse."""
    assert first.rows == plain_build(project, tmp_path)


def test_partial_parse_used(first: Done, project: Project) -> None:
    """The tasks that run dbt used the shipped parse, and none fell back to a full one."""
    assert_partial_parse(project)


def test_logs_are_plain(first: Done, project: Project) -> None:
    """No task's log has a colour code in it; Airflow shows it as it is."""
    logs = {path: path.read_text() for path in (project.paths.home / "logs").glob("dag_id=*/**/*.log")}
    assert any("Completed successfully" in text for text in logs.values())
    assert [path for path, text in logs.items() if "\\u001b" in text or "\x1b" in text] == []


def test_durations_are_logged(first: Done, project: Project) -> None:
    """dbt_finish logs its run and the slowest nodes, a line each, as CloudWatch's queries find them."""
    assert first.code == 0
    texts = [path.read_text() for path in (project.paths.home / "logs").glob("dag_id=*/**/*dbt_finish*/*.log")]
    found = [kind for text in texts for kind in re.findall(r'"event":"(dbt_run|dbt_node) dag=jaffle_shop ', text)]
    assert found[:1] == ["dbt_run"]
    assert found.count("dbt_node") == SLOWEST * found.count("dbt_run")


def test_second_run_merges(second: Done, project: Project) -> None:
    """The incremental model takes the new order and leaves the old rows alone."""
    assert second.code == 0, second.err
    assert project.sql("select count(*), count(distinct order_id) from ANALYTICS.jaffle_shop.orders") == [(151, 151)]
    assert project.sql(POISONED) == [(1,)]


def test_snapshot_keeps_history(second: Done, project: Project) -> None:
    """The old price is closed and the new one open."""
    rows = project.sql(
        "select price, dbt_valid_to is null from ANALYTICS.jaffle_shop.product_prices"
        " where product_name = 'classic cheese' order by dbt_valid_from"
    )
    assert [(float(price), current) for price, current in rows] == [(6.5, False), (7.0, True)]


def test_select_runs_only_that(mended: Done) -> None:
    """The chosen model and its tests ran; every other node was skipped, not shown as done."""
    assert mended.code == 0, mended.err
    nodes = {task: state for task, state in mended.states.items() if task.startswith("jaffle_shop.")}
    green = {task for task, state in nodes.items() if state == "success"}
    assert "jaffle_shop.orders" in green
    assert nodes["jaffle_shop.customers"] == nodes["jaffle_shop.stg_orders"] == "skipped"
    assert mended.states["end"] == "success"


def test_vars_reach_dbt(mended: Done, project: Project) -> None:
    """The var made the model read its history again, so the poisoned row is right."""
    assert project.sql(POISONED) == [(0,)]


def test_full_refresh_rebuilds(mended: Done, project: Project) -> None:
    """A full refresh of one model replaces its rows, too."""
    project.sql("update ANALYTICS.jaffle_shop.orders set days_since_joining = 9999")
    done = project.mwaa("local", "run", "jaffle_shop", "--select", "orders", "--full-refresh", "--json")
    assert done.code == 0, done.err
    assert project.sql(POISONED) == [(0,)]


def test_selection_typo_fails(mended: Done, project: Project) -> None:
    """A `select` that names nothing is an error of its own task, not an empty success."""
    done = project.mwaa("local", "run", "jaffle_shop", "--select", "ordrs", "--json")
    assert done.code == 1
    assert done.states["jaffle_shop.dbt_select"] == "failed"
    assert "names no node of this group" in done.err


@pytest.fixture(scope="module")
def tiny(project: Project, first: Done) -> Done:
    """Add a second dbt project: a folder, and a DAG file of five lines."""
    folder = project.paths.root / "dbt" / "tiny"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(TINY)
    (folder / "models" / "answer.sql").write_text("{{ config(materialized='table') }} select 42 as answer")
    (folder / "models" / "twice.sql").write_text("select answer * 2 as twice from {{ ref('answer') }}")
    (project.paths.root / "dags" / "tiny.py").write_text(
        "from airflow.sdk import DAG\nfrom mwaa_dbt import alerts, dbt_group\n\n"
        'with DAG("tiny", schedule=None, **alerts()):\n    dbt_group("tiny", execution="local")\n'
    )
    return project.mwaa("local", "run", "tiny", "--json")


def test_new_project_runs(tiny: Done, project: Project) -> None:
    """A dbt project copied in, with a DAG file of its own, runs with no other edit."""
    assert tiny.code == 0, tiny.err
    assert project.sql("select twice from ANALYTICS.tiny.twice") == [(84,)]


def test_broken_model_told(tiny: Done, project: Project) -> None:
    """A model that fails in the warehouse makes the run red, is named with dbt's own words, and Slack hears once."""
    project.edit("dbt/tiny/models/answer.sql", "42 as answer", "42 as answer from nowhere")
    done = project.mwaa("local", "run", "tiny")
    assert done.code == 1
    assert "tiny.answer: model answer: Database Error 002003" in done.err
    assert re.search(r"Object '[\w.]*NOWHERE' does not exist or not authorized", done.err)
    assert "where: dbt/tiny/models/answer.sql" in done.err
    (told,) = slack(project, "tiny failed in local")
    assert "dbt/tiny/models/answer.sql" in json.dumps(told)


@pytest.mark.slow
def test_failed_hook_is_told(tiny: Done, project: Project) -> None:
    """A hook that fails makes the run red, though every model is green."""
    project.edit("dbt/tiny/models/answer.sql", "42 as answer from nowhere", "42 as answer")
    project.edit("dbt/tiny/dbt_project.yml", "select 1", "select 1 from not_there")
    done = project.mwaa("local", "run", "tiny", "--json")
    assert (done.code, done.run["state"]) == (1, "failed")
    assert {done.states[f"tiny.{name}"] for name in ("answer", "twice", "dbt_finish")} == {"success"}
    assert done.states["tiny.dbt_on_run_end"] == "failed"
    assert "NOT_THERE' does not exist" in done.err


def test_no_secret_is_left_anywhere(tiny: Done, project: Project, rehearsal: state.Rehearsal) -> None:
    """No log, manifest, message, state file or object of S3 has a secret's value in it."""
    aws = Aws(rehearsal.region, rehearsal.url("aws"))
    environment = load(project.paths.settings).environment("local")
    assert environment.slack
    names = (environment.snowflake.connection, environment.slack.connection)
    values = [aws.secret(secret_name(environment, name))["password"].encode() for name in names]
    assert all(len(value) > 15 for value in values)
    assert [
        place for place, data in everything(project, aws.bucket(rehearsal.bucket)) if any(one in data for one in values)
    ] == []


def test_second_up_refused(first: Done, project: Project) -> None:
    """A second `up` says where the first one is and how to go on."""
    done = project.mwaa("local", "up")
    assert done.code == 1
    assert "running already: http://127.0.0.1:" in done.err
    assert "mwaa local down" in done.err


def test_unknown_dag_is_told(first: Done, project: Project) -> None:
    """A DAG that the build does not have is refused at once, with what it may have meant."""
    done = project.mwaa("local", "run", "jafle_shop")
    assert done.code == 1
    assert "Did you mean 'jaffle_shop'?" in done.err


def test_dead_scheduler_is_told(tiny: Done, project: Project, rehearsal: state.Rehearsal) -> None:
    """A run does not wait for a scheduler that was killed, and `status` shows it."""
    psutil.Process(rehearsal.members["scheduler"].pid).kill()
    done = project.mwaa("local", "run", "tiny")
    assert done.code == 1
    assert "scheduler ended." in done.err
    status = project.mwaa("local", "status", "--json")
    assert (status.code, json.loads(status.out)["processes"]["scheduler"]) == (1, False)


def test_down_leaves_nothing(first: Done, project: Project, rehearsal: state.Rehearsal) -> None:
    """After `down` no process and no port of the rehearsal is left."""
    sessions = state.sessions(project.paths)
    assert project.mwaa("local", "down").code == 0
    assert [process for process in psutil.process_iter() if _session(process) in sessions] == []
    for server in rehearsal.ports:
        with pytest.raises(requests.ConnectionError):
            requests.get(rehearsal.url(server), timeout=2)
    assert project.mwaa("local", "status").code == 1


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return -1
