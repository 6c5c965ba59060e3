"""Airflow's DAG processor, its DAG folder and the rehearsal's Slack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from mwaa_dbt.settings import load, shipped
from tests.airflow_version import AIRFLOW_2, AIRFLOW_3_0
from tests.airflow_version import airflow as matrix_airflow
from tests.notify.sink import TOKEN, Sink, serve
from tests.serving import moto

ROOT = Path(__file__).parents[2]
TELLER = Path(__file__).with_name("teller_2.py" if AIRFLOW_2 else "teller.py")
BOT: dict[str, Any] = {"conn_type": "slack", "password": TOKEN, "extra": {"base_url": "http://slack.localhost/api/"}}
HOOK: dict[str, Any] = {"conn_type": "slackwebhook", "password": f"http://hooks.slack.localhost/services/T0/B0/{TOKEN}"}
DAG = """
from datetime import timedelta

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

from mwaa_dbt import alerts
from mwaa_dbt.airflow_sdk import TaskGroup

with DAG("shop", schedule=None, **alerts({arguments})):
    with TaskGroup("jaffle_shop"):
        EmptyOperator(task_id="dbt_finish")
    EmptyOperator(task_id="load")
"""


@dataclass
class Processor:
    """A process that ends runs: what goes in, and what came of it."""

    process: subprocess.Popen[str]
    folder: Path
    log: Path
    sink: Sink

    def do(self, arguments: str = "", **job: Any) -> Told:
        """End a run of a DAG with these arguments of `alerts`."""
        # A file of its own for each, or Python's import would take the compiled one of a moment ago.
        file = self.folder / f"shop_{len(list(self.folder.glob('*.py')))}.py"
        file.write_text(DAG.format(arguments=arguments))
        before, logged = len(self.sink.messages), len(self.log.read_text())
        complete = {"do": "end", "file": str(file), "run": "r 1+1", "state": "failed", "connection": BOT, **job}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(complete) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        log = self.log.read_text()[logged:]
        assert answer, log
        # Who asks what Airflow's DAG processor does not know waits until that is killed.
        assert json.loads(answer)["unanswered"] == []
        return Told(json.loads(answer), self.sink.messages[before:], log)


@dataclass(frozen=True)
class Told:
    """What came of a run's end: the process's answer, what reached Slack, and the log."""

    answer: dict[str, Any]
    messages: list[dict[str, Any]]
    log: str

    @property
    def text(self) -> str:
        """All that reached Slack."""
        return json.dumps([[one.get("text"), one.get("blocks")] for one in self.messages], ensure_ascii=False)

    @property
    def complaints(self) -> list[str]:
        """The lines of the log that say that Slack was not told."""
        return [line for line in self.log.splitlines() if "Slack was not told" in line]


@pytest.fixture(scope="session")
def airflow() -> Path:
    """Return Airflow's Python, as MWAA has it."""
    return matrix_airflow().python


@pytest.fixture(scope="session")
def bucket() -> Iterator[dict[str, str]]:
    """Run an S3 with the rehearsal's bucket where the DAG processor needs one; return what leads to it."""
    if not AIRFLOW_3_0:
        yield {}
        return
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    place = load(ROOT / "settings.toml").environment("local")
    with moto() as url:
        requests.put(f"{url}/{place.bucket}", timeout=10).raise_for_status()
        yield {**keys, "AWS_ENDPOINT_URL": url}


@pytest.fixture(scope="session")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    """Run the rehearsal's internet."""
    yield from serve(tmp_path_factory.mktemp("slack"))


@dataclass(frozen=True)
class Place:
    """What a process that ends runs needs: Airflow's Python, the rehearsal's Slack, and what leads to S3."""

    airflow: Path
    sink: Sink
    bucket: dict[str, str]


@pytest.fixture(scope="session")
def place(airflow: Path, sink: Sink, bucket: dict[str, str]) -> Place:
    """Return all of it."""
    return Place(airflow, sink, bucket)


def start(folder: Path, place: Place, *, silent: bool = False, **slack: Any) -> Iterator[Processor]:
    """Start a process with a DAG folder of its own, built for settings with this Slack, or with none."""
    dags, home = folder / "dags", folder / "home"
    shutil.copytree(ROOT / "dags" / "mwaa_dbt", dags / "mwaa_dbt", ignore=shutil.ignore_patterns("__pycache__"))
    environment = load(ROOT / "settings.toml").environment("local")
    assert environment.slack
    environment = environment._replace(slack=None if silent else environment.slack._replace(**slack))
    (dags / "mwaa_dbt" / "settings.json").write_text(shipped("local", environment))
    variables = {
        "PATH": os.defpath,
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": str(dags),
        "HTTP_PROXY": place.sink.proxy,
        "http_proxy": place.sink.proxy,
        "NO_PROXY": "127.0.0.1",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        f"AIRFLOW__{'WEBSERVER' if AIRFLOW_2 else 'API'}__BASE_URL": "https://airflow.example.com",
        "_AIRFLOW_PROCESS_CONTEXT": "client",
        **place.bucket,
    }
    log = folder / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [place.airflow, TELLER],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        ) as process,
    ):
        yield Processor(process, dags, log, place.sink)
        process.kill()


@pytest.fixture(scope="session")
def processor(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Iterator[Processor]:
    """Start a process whose settings name a bot and somebody to call."""
    yield from start(tmp_path_factory.mktemp("bot"), place, mention="<!here>")


@pytest.fixture(scope="session")
def threaded(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Iterator[Processor]:
    """Start a process whose settings ask for details in a thread."""
    yield from start(tmp_path_factory.mktemp("thread"), place, thread=True)
