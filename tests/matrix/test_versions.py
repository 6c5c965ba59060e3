"""This very project on each version of Airflow that MWAA has a lock for: built, and its sample DAG run to the end."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from mwaa_dbt.settings import load
from scripts.local import state
from scripts.local.manifests import read_relations
from scripts.release import read_record
from tests.e2e.conftest import Done, Project, assert_partial_parse
from tests.e2e.plain import SAMPLE, plain_build
from tests.matrix.conftest import TOLD

pytestmark = pytest.mark.matrix


@pytest.fixture(scope="session")
def built(project: Project) -> Done:
    """Build it, which parses every DAG in that Airflow."""
    return project.mwaa("build")


@pytest.fixture(scope="session")
def run(project: Project, built: Done) -> Done:
    """Start the rehearsal and run the sample DAG on an empty warehouse."""
    begun = time.monotonic()
    up = project.up()
    assert up.code == 0, up.err
    started, done = time.monotonic() - begun, project.mwaa("local", "run", SAMPLE, "--json")
    assert done.code == 0, done.err
    version = load(project.paths.settings).project.airflow_version
    TOLD.append(f"Airflow {version}: up in {started:.0f} s, {len(done.states)} tasks in {done.run['seconds']:.0f} s")
    return done


def test_build(built: Done, project: Project) -> None:
    """Every DAG file imports, and the sample's holds every dbt node that has a table."""
    assert built.code == 0, built.err
    dags = {dag["dag"]: dag["nodes"] for dag in read_record(project.paths.build("local"))["dags"]}
    assert dags.keys() >= {SAMPLE, "finance", "loyalty", "mwaa_check"}
    assert dags[SAMPLE] >= len(read_relations(project.paths.build("local")))


def test_run(run: Done, project: Project) -> None:
    """Each task of the run is green, with the partial parse that was shipped."""
    assert set(run.states.values()) == {"success"}
    assert_partial_parse(project)


def test_tables(run: Done, project: Project, tmp_path: Path) -> None:
    """Each table has as many rows as a plain `dbt build` leaves in a fresh warehouse."""
    assert run.rows == plain_build(project, tmp_path)


def test_environment(run: Done, project: Project) -> None:
    """MWAA's API tells the version, and Airflow's own command line has it."""
    version = load(project.paths.settings).project.airflow_version
    assert state.needed(project.paths).airflow == version
    told = project.mwaa("airflow", "version")
    assert (told.code, told.out.strip().splitlines()[-1]) == (0, version)
    dags = {dag["dag"]: dag for dag in json.loads(project.mwaa("dags", "--json").out)}
    assert dags[SAMPLE]["last_run"]["state"] == "success"


def test_doctor(run: Done, project: Project) -> None:
    """Nothing is wrong with it, in any group that needs no network outside of this machine."""
    done = project.mwaa("doctor", "--json")
    assert done.code == 0, done.out


def test_secrets(run: Done, project: Project) -> None:
    """Airflow's own backend and hooks, and Cosmos, take what the rehearsal has stored."""
    done = project.mwaa("secrets", "check", "--connect")
    assert done.code == 0, done.out + done.err
