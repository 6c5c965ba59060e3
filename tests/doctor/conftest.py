"""Everything between this machine and Airflow on loopback: moto behind a gate, the rehearsal's front, Airflow's API."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from scripts.local import record
from scripts.local.processes import Launcher
from scripts.local.state import Member, Rehearsal, free_port
from scripts.paths import PACKAGE, Paths
from tests import serving
from tests.doctor import airflow as airflow_api
from tests.doctor import gate as gates
from tests.doctor.airflow import Airflow
from tests.doctor.gate import Gate
from tests.doctor.world import ENVIRONMENT, REGION, World
from tests.unit.conftest import aws  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]
SOURCES = ("locks", "requirements.txt", "startup.sh", "dbt/requirements.in", "dbt/requirements.txt")
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Bed:
    """What all tests share: a project's folder, a gate before moto, Airflow's API, and their rehearsal.

    The environment is called `prod`, so that doctor takes it for one in AWS.
    """

    paths: Paths
    gate: Gate
    airflow: Airflow
    rehearsal: Rehearsal


@pytest.fixture(scope="session")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """Start the servers, the rehearsal's front among them as `mwaa local up` starts it."""
    paths = make_project(tmp_path_factory.mktemp("project"))
    with serving.moto() as upstream, gates.running(upstream) as gate, airflow_api.running() as airflow:
        ports = {"aws": port(gate.url), "airflow": port(airflow.url), "mwaa": free_port(), "outside": 9}
        rehearsal = Rehearsal(ENVIRONMENT, REGION, "unused", ports)
        me = psutil.Process()
        rehearsal.members["test"] = Member(me.pid, me.create_time())
        variables = {"PATH": os.defpath, "PYTHONPATH": str(PACKAGE.parent)}
        command = [sys.executable, "-m", "scripts.local.front", ports["mwaa"]]
        Launcher(paths, rehearsal).start("mwaa", command, variables)
        try:
            Launcher(paths, rehearsal).wait("mwaa", rehearsal.url("mwaa"))
            yield Bed(paths, gate, airflow, rehearsal)
        finally:
            psutil.Process(rehearsal.members["mwaa"].pid).kill()


def port(url: str) -> int:
    """Return a URL's port."""
    return int(url.rpartition(":")[2])


def make_project(root: Path) -> Paths:
    """Copy what doctor reads of the sources."""
    paths = Paths(root)
    for name in SOURCES:
        source, target = ROOT / name, root / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return paths


@pytest.fixture
def world(bed: Bed) -> Iterator[World]:
    """Make a healthy environment of its own; afterwards the shared project is as before."""
    made = World(bed.paths, f"shop-{next(NUMBERS)}", bed.gate, bed.airflow)
    made.make()
    yield made
    bed.gate.denied.clear()
    bed.gate.impossible.clear()
    bed.gate.missing = ""
    shutil.rmtree(bed.paths.root / "build")
    record.file(bed.paths).unlink(missing_ok=True)
    for name in SOURCES:
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, bed.paths.root / name)
