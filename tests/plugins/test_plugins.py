"""What plugins.zip does to Airflow's processes, and that it does nothing to versions that were not tried."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.settings import load, shipped
from scripts.options import SUPERVISOR_TRIED, project_options
from tests.airflow_version import AIRFLOW_2, AIRFLOW_3_0, VERSION, airflow, supervised
from tests.unit.container import Container

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PLUGINS = ROOT / "plugins"
INTERVAL = 5.0  # Airflow's own workers.min_heartbeat_interval


def told(script: str, folder: Path, *arguments: str, **variables: str) -> dict[str, Any]:
    """Run a script in Airflow's Python and return what it tells, with its log."""
    reader, writer = os.pipe()
    done = subprocess.run(
        [airflow().python, HERE / script, *arguments, str(writer)],
        env={
            "PATH": os.defpath,
            "HOME": str(folder),
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS),
            **variables,
            "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
            "PYTHONPATH": str(PLUGINS),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        pass_fds=[writer],
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    assert text, done.stderr[-3000:]
    return {**json.loads(text), "log": done.stdout + done.stderr}


@supervised
def test_end_is_seen_at_once(tmp_path: Path) -> None:
    """A slot is free when its task's process ends, and no heartbeat follows the call that told of its start."""
    answer = told("supervise.py", tmp_path, VERSION)
    assert answer["seconds"] < INTERVAL / 2
    assert answer["calls"] == ["run"]
    assert "was not tried" not in answer["log"]


@supervised
def test_unknown_airflow_is_left_alone(tmp_path: Path) -> None:
    """Another Airflow does what it does, with one warning: here, it holds the slot for five seconds."""
    answer = told("supervise.py", tmp_path, "9.9.9")
    assert answer["seconds"] > INTERVAL
    assert answer["calls"] == ["run", "heartbeat"]
    assert answer["log"].count("Airflow 9.9.9 was not tried with plugins/supervisor.py") == 1


def test_versions_are_told_alike() -> None:
    """The plugin and the options speak of the same versions, and the others' heartbeats come each second."""
    found = re.search(r"^TRIED = \((.+?),?\)$", (PLUGINS / "supervisor.py").read_text(), re.MULTILINE)
    assert found
    assert tuple(found[1].replace('"', "").split(", ")) == SUPERVISOR_TRIED
    environment = load(ROOT / "settings.toml").environment("prod")
    for version in SUPERVISOR_TRIED:
        assert "workers.min_heartbeat_interval" not in project_options(environment, version)
    assert project_options(environment, "3.9.9")["workers.min_heartbeat_interval"] == "1"


@supervised
def test_release_is_imported_before_the_fork(tmp_path: Path) -> None:
    """A task shares the code of the newest release; one that finds another release has that one's code, not both."""
    container = Container(tmp_path)
    settings = {"mwaa_dbt/settings.json": shipped("local", load(ROOT / "settings.toml").environment("local"))}
    old, new = (container.make({**settings, "shop.py": f"VERSION = {number}"}) for number in range(2))
    container.ship(old)
    container.ship(new)
    container.point(old)
    answer = told(
        "release.py",
        tmp_path,
        str(ROOT / "dags" / "mwaa_dbt"),
        new.digest,
        AIRFLOW__CORE__DAGS_FOLDER=str(container.dags),
        AIRFLOW__CORE__LAZY_LOAD_PLUGINS="False",
        MWAA_DBT_HOME=str(container.home),
    )
    found = [(task["release"], task["own"], task["shared"]) for task in answer["tasks"]]
    assert found == [
        (old.digest, True, False),  # nothing was unpacked yet
        (old.digest, True, True),
        (new.digest, True, False),
        (new.digest, True, True),
    ]
    assert answer["path"] == []
    assert answer["wrapped"]


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a process of Airflow has loaded before its first task."""
    return told("preloaded.py", tmp_path_factory.mktemp("preloaded"), AIRFLOW__CORE__LAZY_LOAD_PLUGINS="False")


@supervised
def test_tasks_fork_from_what_is_loaded(preloaded: dict[str, Any]) -> None:
    """Cosmos and Jinja's extensions are there, and out of the garbage collector's way."""
    assert {"preload", "cosmos.operators.watcher", "cosmos.profiles", "jinja2.ext"} <= set(preloaded["modules"])
    assert preloaded["frozen"] > 100_000


@supervised
@pytest.mark.skipif(AIRFLOW_3_0, reason="Airflow 3.0 has one manager of listeners, which a plugin must not make")
def test_plugins_are_loaded_once(preloaded: dict[str, Any]) -> None:
    """A task finds its listeners made: making them executes each plugin again."""
    assert (preloaded["made"], preloaded["executed again"]) == (1, 0)


def test_no_plugin_is_broken(preloaded: dict[str, Any]) -> None:
    """Airflow takes all three without a word, and has the listeners of every other plugin."""
    # Cosmos' own refuses Airflow 3.0 (1.15.1, plugin/airflow3.py).
    assert {name for name in preloaded["errors"] if not name.startswith("cosmos")} == set()
    assert {"preload", "release", "supervisor"} <= set(preloaded["plugins"])
    assert preloaded["listening"] == preloaded["listeners"]
    assert "was not tried" not in preloaded["log"]


@pytest.mark.skipif(not AIRFLOW_2, reason="in Airflow 3 tasks are forked from what is loaded")
def test_airflow_2_is_left_alone(preloaded: dict[str, Any]) -> None:
    """Where each task is a Python of its own, no process imports what it does not need."""
    assert "cosmos.operators.watcher" not in preloaded["modules"]
