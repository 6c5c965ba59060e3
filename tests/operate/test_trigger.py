"""`mwaa trigger`, on Airflow 2 and 3."""

from __future__ import annotations

import re
import signal
import time

import pytest

from tests.operate.answers import Run, Task
from tests.operate.conftest import Project


def test_run_is_started(project: Project) -> None:
    """The options become the run's conf, in the body that this version of Airflow takes."""
    words = ("--select", "tag:finance", "--full-refresh", "--vars", '{"day": 1}', "--conf", '{"more": true}')
    done = project.mwaa("trigger", "shop", *words)
    assert done.code == 0, done.err
    new = project.cloud.dags["shop"].runs[0]
    assert new.conf == {"select": "tag:finance", "full_refresh": True, "vars": {"day": 1}, "more": True}
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{4}", new.id)
    assert done.out == f"shop · {new.id}: queued\n"
    assert project.mwaa("trigger", "shop", "--json").json["started"] is True
    assert project.cloud.ways("shop") == {"invoke"}


def test_same_run_is_not_started_twice(project: Project) -> None:
    """A run id makes the command repeatable: the second time it tells of the run that is there."""
    assert project.mwaa("trigger", "shop", "--run-id", "nightly").out == "shop · nightly: queued\n"
    done = project.mwaa("trigger", "shop", "--run-id", "nightly")
    assert (done.code, done.out) == (0, "shop · nightly: queued, there already; not started again\n")
    assert [run.id for run in project.cloud.dags["shop"].runs].count("nightly") == 1


def test_lost_answer_starts_no_second_run(project: Project) -> None:
    """The answer of MWAA gets lost, the request is sent again: there is one run, and nobody is told otherwise."""
    project.cloud.lost = 1
    done = project.mwaa("trigger", "shop")
    assert (done.code, "there already" in done.out) == (0, False), done.err
    assert len(project.cloud.dags["shop"].runs) == 3


def test_paused_dag_is_refused(project: Project) -> None:
    """A run of a paused DAG would hang; with --unpause both are done."""
    done = project.mwaa("trigger", "shop_hourly")
    assert done.code == 1
    assert "DAG shop_hourly is paused: a run of it would stay queued." in done.err
    assert "`mwaa trigger shop_hourly --env prod --unpause`" in done.err
    assert project.cloud.dags["shop_hourly"].runs == []
    done = project.mwaa("trigger", "shop_hourly", "--unpause")
    assert done.code == 0, done.err
    assert "shop_hourly is unpaused" in done.err
    assert not project.cloud.dags["shop_hourly"].paused
    assert len(project.cloud.dags["shop_hourly"].runs) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--conf", "{"), "is no JSON"),
        (("--conf", "[1]"), "is no JSON object"),
        (("--vars", "1"), "is no JSON object"),
        (("--conf", '{"select": "a"}', "--select", "b"), "select is in there, and an option, too"),
    ],
)
def test_wrong_conf_is_refused(project3: Project, words: tuple[str, ...], said: str) -> None:
    """What is no JSON object, or is said twice, is wrong usage, told before anything is asked."""
    done = project3.mwaa("trigger", "shop", *words)
    assert done.code == 2
    assert said in " ".join(done.err.replace("│", "").split())
    assert project3.cloud.calls == []


def prepare(project: Project, *later: str) -> None:
    """Let the next run of `shop` take these states, with tasks that a retried one is among."""
    tasks = [Task("start"), Task("shop.orders", "failed" if "failed" in later else "success", 2)]
    project.cloud.dags["shop"].runs = [Run("first", later=list(later), tasks=tasks)]


def test_wait_for_success(project: Project) -> None:
    """--wait tells each task once, then the table; the exit code is the run's."""
    prepare(project, "queued", "running", "success")
    done = project.mwaa("trigger", "shop", "--wait", "--run-id", "a")
    assert done.code == 0, done.err
    assert "started: a" in done.err
    assert re.findall(r"s  success +(\S+)", done.err) == ["start", "shop.orders"]
    assert "success · 2 tasks in" in done.out
    assert "rows" not in done.out


def test_wait_for_failure(project: Project) -> None:
    """A run that fails is exit code 1, with what its failed task's log ends with; --json has the same."""
    prepare(project, "running", "failed")
    project.cloud.dags["shop"].runs[0].tasks[1].log = [{"event": "invalid identifier"}]
    done = project.mwaa("trigger", "shop", "--wait", "--json")
    assert done.code == 1
    (failed,) = [task for task in done.json["tasks"] if task["state"] == "failed"]
    assert (done.json["state"], failed["name"]) == ("failed", "shop.orders")
    assert "invalid identifier" in failed["error"]
    assert "shop.orders: " in done.err


def test_wait_without_logs(project: Project) -> None:
    """Who may not log in to the web server is told of the failure all the same, and what reads its log."""
    prepare(project, "failed")
    project.cloud.denied = {"CreateWebLoginToken"}
    done = project.mwaa("trigger", "shop", "--wait", "--run-id", "a")
    assert done.code == 1
    assert "failed · 2 tasks in" in done.out
    assert "There is no permission for airflow:CreateWebLoginToken." in done.err
    assert "`mwaa logs shop shop.orders --run a --env prod` reads its log" in done.err


def test_interrupt_ends_watching(project3: Project) -> None:
    """Ctrl-C ends the watching: the run goes on, and the command that follows it again is told and works."""
    prepare(project3, *["running"] * 1000)
    with project3.start("trigger", "shop", "--env", "prod", "--wait", "--run-id", "a") as process:
        end = time.monotonic() + 30
        while "/dags/shop/dagRuns/a" not in {call.path for call in project3.cloud.calls}:
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    again = "mwaa trigger shop --env prod --run-id a --wait"
    assert f"The run goes on; `{again}` follows it again." in err.decode()
    assert "Traceback" not in err.decode()
    project3.cloud.dags["shop"].runs[0].later = ["success"]
    code, _, err = project3.raw(*again.split()[1:])
    assert (code, b"there already: a" in err) == (0, True)


def test_lost_connection_while_watching(project3: Project) -> None:
    """Where Airflow stops answering, the run goes on, and the error says so."""
    prepare(project3, *["running"] * 1000)
    project3.cloud.faults = [("GET /dags/shop/dagRuns/a", 502)] * 3
    done = project3.mwaa("trigger", "shop", "--wait", "--run-id", "a")
    assert done.code == 1
    assert "Airflow does not answer (502): upstream connect error The run goes on." in done.err
    assert "`mwaa trigger shop --env prod --run-id a --wait` follows it again" in done.err
