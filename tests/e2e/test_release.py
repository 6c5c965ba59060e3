"""Releases in a running environment: update, proof, way back, and updates that MWAA would not fail."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scripts.local import state
from tests.e2e.conftest import Done, Project, copy_project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PROJECTS = Path(__file__).with_name("projects")
DAG = """from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("shop", schedule=None, tags=["{name}"]):
    EmptyOperator(task_id="task")
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Start a rehearsal of a small dbt project and one DAG beside the check, and end it."""
    copy = copy_project(tmp_path_factory.mktemp("shop"))
    copy.drop_samples()
    shutil.copytree(PROJECTS / "unit_fails", copy.paths.root / "dbt" / "unit_fails")
    write(copy, "first")
    up = copy.up()
    assert up.code == 0, up.err
    yield copy
    copy.mwaa("local", "down")


def write(project: Project, name: str) -> None:
    """Let the project have one DAG of its own, under a name."""
    (project.paths.root / "dags" / "shop.py").write_text(DAG.format(name=name))


def build(project: Project) -> str:
    """Build and return the release's name."""
    done = project.mwaa("build", "--json")
    assert done.code == 0, done.err
    return str(json.loads(done.out)["release"])


def deploy(project: Project) -> Done:
    """Build and deploy."""
    build(project)
    return project.mwaa("deploy", "--json")


def shown(project: Project, wanted: str) -> str:
    """Return the release's word that Airflow shows, once it is the wanted one or Airflow has had its time."""
    url = state.needed(project.paths).url("airflow")
    token = requests.get(f"{url}/auth/token", timeout=30).json()["access_token"]
    end, found = time.monotonic() + 60, ""
    while found != wanted and time.monotonic() < end:
        answer = requests.get(f"{url}/api/v2/dags/shop", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        found = answer.json()["tags"][0]["name"]
        time.sleep(0.5)
    return found


def test_plan_reads_only(shop: Project) -> None:
    """The plan of a new DAG says what it would do, and does not."""
    write(shop, "second")
    release = build(shop)
    planned = json.loads(shop.mwaa("plan", "--json").out)
    assert (planned["release"], planned["point"], planned["environment"]["update"]) == (release, True, False)
    assert planned["replace"] == ["dags/shop.py"]
    assert json.loads(shop.mwaa("releases", "--json").out)["live"] != release
    assert shown(shop, "first") == "first"


def test_deploy_then_rollback(shop: Project) -> None:
    """A deploy of DAG content is seen by Airflow without an update of the environment; a rollback undoes it."""
    assert deploy(shop).code == 0
    assert shown(shop, "second") == "second"
    begun = time.monotonic()
    done = shop.mwaa("rollback", "--json")
    assert done.code == 0, done.err
    assert time.monotonic() - begun < 10
    assert not json.loads(done.out)["environment"]["update"]
    assert shown(shop, "first") == "first"
    assert shop.mwaa("drift").code == 0


def test_deploy_again_does_nothing(shop: Project) -> None:
    """A second deploy of the same build finds nothing to do."""
    assert deploy(shop).code == 0
    assert json.loads(shop.mwaa("deploy", "--json").out)["idle"]


def test_changed_startup_updates_environment(shop: Project) -> None:
    """A changed startup.sh updates the environment, and a task in it proves packages, dbt and release."""
    with (shop.paths.root / "startup.sh").open("a") as script:
        script.write("export MINE=1\n")
    done = deploy(shop)
    assert done.code == 0, done.err
    assert json.loads(done.out)["environment"]["files"] == ["startup.sh"]
    assert "a task in the environment proves packages, dbt and release" in done.err
    assert shop.mwaa("drift").code == 0


def test_failed_pip_is_found(shop: Project) -> None:
    """MWAA calls an update with a failed pip a success; the deploy names the package and goes back to what was live."""
    path = shop.paths.root / "requirements.txt"
    good, before = path.read_text(), json.loads(shop.mwaa("releases", "--json").out)["live"]
    path.write_text(good + "a-package-that-nobody-has==1.0\n")
    done = deploy(shop)
    path.write_text(good)
    assert done.code == 1
    assert "a-package-that-nobody-has is missing, requirements.txt pins 1.0" in done.err
    assert f"The environment is back on release {before}, which a task in it has proved." in done.err
    assert "Traceback" not in done.err
    assert json.loads(shop.mwaa("releases", "--json").out)["live"] == before
    assert shop.mwaa("drift").code == 0


def test_broken_startup_keeps_old_release(shop: Project) -> None:
    """A startup.sh that fails the container is rolled back by MWAA; the release of before runs on, and says so."""
    build(shop)
    assert shop.mwaa("deploy").code == 0
    write(shop, "third")
    path = shop.paths.root / "startup.sh"
    good = path.read_text()
    # The build proves its startup.sh, too, so this one is broken only where it runs.
    path.write_text(good + '[ "$AIRFLOW_ENV_NAME" ] && builtin exit 1\n')
    done = deploy(shop)
    path.write_text(good)
    assert done.code == 1
    assert "MWAA rolled the update back" in done.err
    assert shown(shop, "second") == "second"
    assert deploy(shop).code == 0
    assert shown(shop, "third") == "third"


def test_bad_input_is_told(shop: Project) -> None:
    """Each wrong word has one clear error."""
    cases = {
        ("rollback", "0123456789ab"): "There is no release '0123456789ab'",
        ("deploy", "--env", "prodd"): "Did you mean 'prod'?",
        ("plan", "--env", "prod"): "There is no whole build",
        ("unlock", "--env", "nowhere"): "There is no environment 'nowhere'",
    }
    for words, told in cases.items():
        done = shop.mwaa(*words)
        assert (done.code, told in done.err, "Traceback" in done.err) == (1, True, False), (words, done.err)
    write(shop, "fourth")
    stale = shop.mwaa("deploy")
    assert (stale.code, "have changed since" in stale.err) == (1, True)
