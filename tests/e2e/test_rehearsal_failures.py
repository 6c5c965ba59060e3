"""Failures that must never pass unseen, and tries that must get their chance, in both execution modes.

One DAG per mode holds a group per dbt project in tests/e2e/projects; each project fails in its own way.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.local import state
from scripts.local.api import Api
from tests.e2e.conftest import Done, Project, assert_partial_parse, copy_project, slack

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PROJECTS = Path(__file__).with_name("projects")
DAG = """from airflow.sdk import DAG
from mwaa_dbt import alerts, dbt_group

with DAG("{mode}", schedule=None, **alerts()):
    for project in ("unit_fails", "other_fails", "flaky", "stale"):
        dbt_group(project, execution="{mode}", freshness=project == "stale")
"""


@dataclass(frozen=True)
class Ended:
    """A finished run, and when each of its tasks ended (ISO 8601)."""

    done: Done
    times: dict[str, str]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Start a rehearsal of nothing but the failing projects, and end it."""
    copy = copy_project(tmp_path_factory.mktemp("faulty"))
    copy.drop_samples()
    shutil.copytree(PROJECTS, copy.paths.root / "dbt", dirs_exist_ok=True)
    for mode in ("watcher", "local"):
        (copy.paths.root / "dags" / f"{mode}.py").write_text(DAG.format(mode=mode))
    up = copy.up()
    assert up.code == 0, up.err
    copy.sql("create schema ANALYTICS.other_fails_till")
    copy.sql("create table ANALYTICS.other_fails_till.receipts as select 1 as receipt_id union all select 1")
    copy.sql("create schema ANALYTICS.stale_till")
    copy.sql(
        "create table ANALYTICS.stale_till.receipts as select 1 as receipt_id, '2026-01-31'::timestamp as loaded_at"
    )
    yield copy
    copy.mwaa("local", "down")


@pytest.fixture(scope="module", params=["watcher", "local"])
def ended(request: pytest.FixtureRequest, faulty: Project) -> Ended:
    """Run everything in one execution mode, from an empty memory of earlier tries."""
    faulty.sql("drop schema if exists ANALYTICS.flaky cascade")
    done = faulty.mwaa("local", "run", request.param, "--json")
    tasks = Api(state.needed(faulty.paths)).tasks(request.param, done.run["run"])
    return Ended(done, {task["task_id"]: task["end_date"] or "" for task in tasks})


def test_run_is_red(ended: Ended) -> None:
    """The run ends red, in the command's exit code, too."""
    assert ended.done.code == 1, ended.done.err
    assert ended.done.run["state"] == "failed"


def test_unit_test_fails_model(ended: Ended) -> None:
    """A model whose unit test fails is not built, and says why."""
    assert ended.done.states["unit_fails.amounts"] == "success"
    assert ended.done.states["unit_fails.doubled"] == "failed"
    assert "doubling_is_trebling" in ended.done.err


def test_other_tests_fail(ended: Ended) -> None:
    """Tests of a source, and of no node at all, have a task that fails though every model is green."""
    assert ended.done.states["other_fails.payments"] == "success"
    assert ended.done.states["other_fails.dbt_other_tests"] == "failed"
    for name in ("source_unique_till_receipts_receipt_id", "no_parent_fails"):
        assert name in ended.done.err


def test_flaky_model_recovers(ended: Ended) -> None:
    """A model that fails once turns green by its own retry, with its tests and what depends on it."""
    flaky = {task: state for task, state in ended.done.states.items() if task.startswith("flaky.")}
    flaky.pop("flaky.dbt_producer_watcher", None)
    assert set(flaky.values()) <= {"success", "skipped"}, flaky
    assert flaky["flaky.recovers"] == flaky["flaky.follows"] == "success"


def test_retry_waits_for_nobody(ended: Ended) -> None:
    """The retry runs, and what follows it, while another model of the same dbt process is still being built.

    That one waits for them, three minutes at most.
    """
    assert ended.times["flaky.recovers"] < ended.times["flaky.slow"]


def test_hooks_run_once(ended: Ended, faulty: Project) -> None:
    """However many processes of dbt a run has, its hooks run once, the last with the results of all."""
    rows = faulty.sql("select kind, nodes from ANALYTICS.flaky.hook_runs order by kind desc")
    assert rows == [("start", 0), ("end", 4)]


def test_stale_source_holds_back(ended: Ended) -> None:
    """What reads a source past its error_after is not built, and the task says how old the source is."""
    assert ended.done.states["stale.dbt_freshness"] == "failed"
    assert "upstream_failed" in {ended.done.states.get(f"stale.{name}") for name in ("reads", "dbt_producer_watcher")}
    assert re.search(r"source till.receipts: newest row is \d+ h old; error after 2 hours", ended.done.err)


def test_slack_hears_once(ended: Ended, faulty: Project) -> None:
    """Of a run with many failures Slack is told in one call, with the first failing node and where it is."""
    (told,) = slack(faulty, f"{ended.done.run['dag']} failed in local")
    text = json.dumps(told)
    assert "dbt/unit_fails/models/" in text
    assert "newest row is" in text


def test_history_has_failures(ended: Ended, faulty: Project) -> None:
    """The archive knows the run, group by group, with errors, and which model was flaky."""
    done = faulty.mwaa("history", "--dag", str(ended.done.run["dag"]), "--json")
    runs = {run["group"]: run for run in json.loads(done.out)["runs"]}
    assert {group: run["state"] for group, run in runs.items()} == {
        "unit_fails": "failed",
        "other_fails": "failed",
        "flaky": "success",
        "stale": "failed",
    }
    assert runs["flaky"]["nodes"]["model.flaky.recovers"][0] == "success"
    assert runs["flaky"]["nodes"]["model.flaky.recovers"][3] == 2
    assert "h old" in runs["stale"]["errors"]["source.stale.till.receipts"]


def test_partial_parse_used(ended: Ended, faulty: Project) -> None:
    """No task parses the project anew: neither a retry nor the tasks that are not Cosmos' own."""
    assert_partial_parse(faulty)
