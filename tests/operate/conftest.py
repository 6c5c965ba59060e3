"""The real `mwaa` command in a small project, whose environment is a server on loopback that speaks as MWAA does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from scripts.local.state import Member, Rehearsal
from scripts.paths import Paths
from tests import command
from tests.command import MWAA, Done
from tests.operate.answers import Dag, Run, Task
from tests.operate.server import NAME, Cloud, running
from tests.unit.settings_text import TEXT

LONG = "a_dag_with_a_name_that_leaves_no_room_for_more_than_that"
VERSIONS = ("2.11.2", "3.3.1")


@dataclass
class Project:
    """A project with one environment, `prod`."""

    root: Path
    cloud: Cloud

    @property
    def environment(self) -> dict[str, str]:
        """What the command has of its caller's environment."""
        return {"PATH": os.defpath, "HOME": str(self.root), "COLUMNS": "200", "AWS_MAX_ATTEMPTS": "2"}

    def start(self, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start `mwaa …` without a terminal."""
        environment = self.environment | variables
        pipe = subprocess.PIPE
        return subprocess.Popen([MWAA, *words], cwd=self.root, env=environment, stdout=pipe, stderr=pipe)

    def raw(self, *words: str, **variables: str) -> tuple[int, bytes, bytes]:
        """Run `mwaa …` and return its exit code and bytes."""
        with self.start(*words, **variables) as process:
            out, err = process.communicate(timeout=60)
        assert b"Traceback" not in err, err.decode()
        return process.returncode, out, err

    def mwaa(self, verb: str, *words: str, **variables: str) -> Done:
        """Run a verb in the environment."""
        return command.mwaa([verb, "--env", "prod", *words], self.root, self.environment | variables)

    def edit(self, old: str, new: str) -> None:
        """Replace a text in settings.toml."""
        file = self.root / "settings.toml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


def make_project(root: Path, cloud: Cloud, aws: int = 9) -> Project:
    """Make a project that finds the server as it finds a rehearsal that runs."""
    text = TEXT.replace("dev", "prod") + f'\n[environments.prod.mwaa]\nname = "{NAME}"\n'
    (root / "settings.toml").write_text(text)
    here = psutil.Process()
    members = {"test": Member(here.pid, here.create_time())}
    ports = {"airflow": 9, "aws": aws, "outside": 9, "mwaa": int(urlsplit(cloud.url).port or 0)}
    Rehearsal("prod", "eu-central-1", "shop-prod", ports, members).save(Paths(root))
    return Project(root, cloud)


@pytest.fixture(params=VERSIONS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """Return a project with an environment of Airflow 2, then one of Airflow 3."""
    with running(request.param) as cloud:
        failing = Task("shop.stg_orders", "failed", 2, log=[line("starting"), line("invalid identifier", "error")])
        tasks = [Task("start"), failing, Task("shop.orders", "upstream_failed", 0, start=None, end=None)]
        runs = [Run("scheduled__2026-11-20T05:00:00+00:00", "failed", tasks=tasks), Run("first")]
        cloud.dags["shop"] = Dag("shop", runs=runs, tags=("dbt", "daily"))
        cloud.dags["shop_hourly"] = Dag("shop_hourly", paused=True, schedule=None)
        yield make_project(tmp_path, cloud)


@pytest.fixture
def project3(tmp_path: Path) -> Iterator[Project]:
    """Return a project with an environment of Airflow 3."""
    with running("3.3.1") as cloud:
        cloud.dags["shop"] = Dag("shop", runs=[Run("first")])
        yield make_project(tmp_path, cloud)


def line(text: str, level: str = "info", **more: Any) -> dict[str, Any]:
    """Return a line of a task's log as Airflow 3 has it."""
    return {"timestamp": "2026-11-20T05:00:04Z", "event": text, "level": level, **more}
