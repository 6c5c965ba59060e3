"""True states when models fail and processes die, in both execution modes.

The models of tests/e2e/mill do what a table of switches says, so that nothing here depends on how long a step takes.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import Project, copy_project
from tests.e2e.contents import wipe
from tests.e2e.dag_run import DagRun, begin, dbt_process, until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MILL = Path(__file__).with_name("mill")
NODES = tuple(sorted(path.stem for path in (MILL / "models").glob("*.sql")))
ALL_GREEN = {name: {"success"} for name in NODES}
MODES = ("watcher", "local")
LIMIT = 240.0  # seconds until a run must have ended
DAG = """from airflow.sdk import DAG
from mwaa_dbt import alerts, dbt_group

with DAG("{mode}", schedule=None, **alerts()):
    dbt_group("mill", execution="{mode}")

with DAG("{mode}_once", schedule=None, default_args={{"retries": 0}}, **alerts()):
    dbt_group("mill", execution="{mode}")
"""
# A killed worker is otherwise noticed after five minutes.
QUICK = """
[environments.local.airflow]
"scheduler.task_instance_heartbeat_timeout" = "25"
"scheduler.task_instance_heartbeat_timeout_detection_interval" = "2"
"""


@dataclass(frozen=True)
class Mill:
    """A rehearsal of the mill, with its switches."""

    project: Project

    def reset(self, *switches: str) -> None:
        """Drop what runs have left, and turn on these switches alone."""
        wipe(self.project, "mill")
        self.project.sql("create schema ANALYTICS.mill_control")
        self.project.sql("create table ANALYTICS.mill_control.begun (name varchar)")
        self.project.sql("create table ANALYTICS.mill_control.switches (name varchar)")
        for switch in switches:
            self.turn_on(switch)

    def turn_on(self, switch: str) -> None:
        """Turn on one switch."""
        self.project.sql(f"insert into ANALYTICS.mill_control.switches values ('{switch}')")  # noqa: S608

    def turn_off(self, switch: str) -> None:
        """Turn off one switch."""
        self.project.sql(f"delete from ANALYTICS.mill_control.switches where name = '{switch}'")  # noqa: S608

    def begun(self) -> Counter[str]:
        """Return how often each model's build has begun."""
        return Counter(str(row[0]) for row in self.project.sql("select name from ANALYTICS.mill_control.begun"))

    def built(self) -> set[str]:
        """Return the models whose tables are there."""
        query = "select lower(table_name) from ANALYTICS.information_schema.tables where table_schema ilike 'mill'"
        return {str(row[0]) for row in self.project.sql(query)}


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    """Start a rehearsal of the mill alone, and end it."""
    copy = copy_project(tmp_path_factory.mktemp("mill"))
    copy.drop_samples()
    shutil.copytree(MILL, copy.paths.root / "dbt" / MILL.name)
    for mode in MODES:
        (copy.paths.root / "dags" / f"{mode}.py").write_text(DAG.format(mode=mode))
    with copy.paths.settings.open("a") as file:
        file.write(QUICK)
    up = copy.up()
    assert up.code == 0, up.err
    yield Mill(copy)
    copy.mwaa("local", "down")


@dataclass(frozen=True)
class Ended:
    """A run at its end: what it shows, which tables were there, how often each build had begun."""

    run: DagRun
    state: str
    nodes: dict[str, set[str]]
    built: set[str]
    begun: Counter[str]


def _end(mill: Mill, run: DagRun) -> Ended:
    state = run.ended(LIMIT)
    return Ended(run, state, run.nodes(NODES), mill.built(), mill.begun())


@pytest.fixture(scope="module", params=MODES)
def broken(request: pytest.FixtureRequest, mill: Mill) -> Ended:
    """Run with a model that fails whenever it is tried, and one that fails once."""
    mill.reset("bran fails", "yeast fails once")
    return _end(mill, begin(mill.project, request.param, "mill"))


@pytest.fixture(scope="module")
def mended(broken: Ended, mill: Mill) -> Ended:
    """Mend the model, and clear it with what depends on it."""
    mill.turn_off("bran fails")
    broken.run.clear("bran")
    return _end(mill, broken.run)


def test_failure_holds_back_children(broken: Ended) -> None:
    """What depends on a model that failed is not built, and is not shown as if it were."""
    assert broken.state == "failed"
    assert "failed" in broken.nodes["bran"]
    assert broken.nodes["feed"] == {"upstream_failed"}
    assert broken.begun["feed"] == 0
    assert broken.built.isdisjoint({"bran", "feed"})


def test_failure_spares_siblings(broken: Ended) -> None:
    """All that does not depend on the failed model is built and green."""
    others = set(NODES) - {"bran", "feed"}
    assert {name for name, states in broken.nodes.items() if states == {"success"}} == others
    assert broken.built == others


def test_retry_runs_one_node(broken: Ended) -> None:
    """A retry builds the node that failed and no other again."""
    assert broken.begun == Counter(dict.fromkeys(set(NODES) - {"feed"}, 1)) + Counter(["bran", "yeast"])


def test_cleared_node_turns_green(mended: Ended) -> None:
    """A mended model that is cleared is built with what depends on it, and the run is green."""
    assert mended.state == "success", mended.nodes
    assert mended.nodes == ALL_GREEN
    assert mended.built == set(NODES)


def test_clearing_spares_others(mended: Ended, broken: Ended) -> None:
    """Clearing a node builds it and what depends on it once, and nothing else."""
    assert mended.begun - broken.begun == Counter(["bran", "feed"])


@pytest.mark.parametrize("mode", MODES)
def test_chosen_failure_is_red(mill: Mill, mode: str) -> None:
    """A run of chosen nodes of which one fails is red, though all that comes after it was left out."""
    mill.reset()
    assert _end(mill, begin(mill.project, mode, "mill")).state == "success"
    mill.turn_on("bran fails")
    chosen = _end(mill, begin(mill.project, mode, "mill", select="bran"))
    assert (chosen.nodes["bran"], chosen.nodes["feed"]) == ({"failed"}, {"skipped"})
    assert chosen.state == "failed"


type Kill = Callable[[psutil.Process], list[psutil.Process]]
# What dies: dbt alone, Airflow's task alone (dbt lives on), or all of it, as when a worker's container is gone.
KILLS: dict[str, Kill] = {
    "dbt": lambda dbt: [dbt],
    "task": lambda dbt: [dbt.parent() or dbt],
    "worker": lambda dbt: [*dbt.parents()[1::-1], dbt],
}


@pytest.fixture(scope="module", params=[(mode, what) for mode in MODES for what in KILLS], ids="-".join)
def killed(request: pytest.FixtureRequest, mill: Mill) -> Ended:
    """Kill a process while dbt is in the middle of a model, in a run without retries."""
    mode, what = request.param
    mill.reset("flour waits")
    run = begin(mill.project, f"{mode}_once", "mill")
    until("the build of flour", lambda: mill.begun()["flour"] > 0, LIMIT)
    for process in KILLS[what](dbt_process(mill.project, "flour")):
        process.kill()
    mill.turn_off("flour waits")
    return _end(mill, run)


def test_killed_run_is_true(killed: Ended) -> None:
    """The run ends; it is green only if all is built, and a node is green only if dbt has built it."""
    green = {name for name, states in killed.nodes.items() if states == {"success"}}
    assert green <= killed.built
    assert (killed.state == "success") == (green == set(NODES)), killed.nodes
    # Of what stood before the killed model nothing is lost.
    assert "grain" in green


def test_killed_run_is_finished(killed: Ended, mill: Mill) -> None:
    """Clearing what failed finishes the run: all is built and green."""
    if killed.state == "failed":
        killed.run.clear()
    ended = _end(mill, killed.run)
    assert (ended.state, ended.built) == ("success", set(NODES)), ended.nodes
    assert ended.nodes == ALL_GREEN
