"""An environment with Celery workers: what they are started with, and how an update replaces them."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest

from mwaa_dbt.errors import ProjectError
from scripts.local import celery, rehearsal, state
from scripts.local.executor import Executor
from scripts.local.state import Rehearsal
from scripts.paths import Paths
from tests.command import MWAA
from tests.local.conftest import Stand

PORTS = {"airflow": 8080, "aws": 5001, "postgres": 5432}
CELERY = Rehearsal("local", "eu-central-1", "bucket", PORTS, executor=Executor("celery", 3, 5))


@pytest.fixture
def executor() -> Executor:
    """Run tasks on two workers."""
    return Executor("celery", 2, 3)


def startup(stand: Stand, text: str) -> dict[str, str]:
    """Upload a startup.sh and return the fields of an update to it."""
    return {"StartupScriptS3Path": "startup.sh", "StartupScriptS3ObjectVersion": stand.put("startup.sh", text)}


def test_workers_are_replaced(stand: Stand) -> None:
    """A graceful update lets every worker end its task, and only then starts as many anew, with MWAA's options."""
    before = stand.members
    assert {"worker-1", "worker-2"} < set(before)
    found = stand.update(**startup(stand, "export RELEASE=two\n"), WorkerReplacementStrategy="GRACEFUL")
    assert found["LastUpdate"]["Status"] == "SUCCESS"
    after = stand.members
    assert set(after) == set(before)
    assert {"worker-1", "worker-2", "scheduler"} <= {name for name in after if after[name] != before[name]}
    notes = [note for note in stand.notes if note.startswith("worker")]
    assert notes == ["worker began one"] * 2 + ["worker ended one"] * 2 + ["worker began two"] * 2
    variables = json.loads((state.folder(stand.paths) / "container.json").read_text())["variables"]
    assert variables["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert variables["AIRFLOW__CELERY__WORKER_AUTOSCALE"] == "3,0"
    # 5 workers, as many as the environment may have, times 3 slots times 1.5.
    assert variables["AIRFLOW__CORE__PARALLELISM"] == "23"


def test_forced_update_kills_workers(stand: Stand) -> None:
    """A forced update waits for no task."""
    assert stand.update(**startup(stand, "export RELEASE=two\n"))["LastUpdate"]["Status"] == "SUCCESS"
    assert "worker ended one" not in stand.notes
    assert stand.notes.count("worker began two") == 2


def test_failing_worker_is_rolled_back(stand: Stand) -> None:
    """A worker that does not start fails the update with its own words, and the workers before start again."""
    found = stand.update(**startup(stand, "export RELEASE='without workers'\n"))
    assert found["Status"] == "UPDATE_FAILED"
    assert "no worker today" in found["LastUpdate"]["Error"]["ErrorMessage"]
    assert {"worker-1", "worker-2", "scheduler"} < set(stand.members)
    assert stand.notes.count("worker began one") == 4


def test_options_are_those_of_mwaa(tmp_path: Path) -> None:
    """One predefined queue of SQS, PostgreSQL behind it, and further Celery options of the project's own are kept."""
    given = {"celery.extra_celery_config": '{"task_track_started": false, "broker_transport_options": {"region": "x"}}'}
    options = celery.forced(CELERY, tmp_path, given)
    extra = json.loads(options["celery.extra_celery_config"])
    url = "http://127.0.0.1:5001/123456789012/airflow-celery-local"
    assert extra == {
        "task_track_started": False,
        "broker_transport_options": {
            "predefined_queues": {"airflow-celery-local": {"url": url}},
            "is_secure": False,
            "region": "eu-central-1",
            "visibility_timeout": 43200,
        },
    }
    assert options["operators.default_queue"] == "airflow-celery-local"
    assert options["celery.broker_url"] == "sqs://127.0.0.1:5001"
    assert options["celery.worker_enable_remote_control"] == "False"
    database = options["database.sql_alchemy_conn"]
    assert options["celery.result_backend"] == f"db+{database}"
    password = (tmp_path / "postgres.password").read_text()
    assert database == f"postgresql+psycopg2://airflow:{password}@127.0.0.1:5432/postgres"
    assert stat.S_IMODE((tmp_path / "postgres.password").stat().st_mode) == 0o600
    assert celery.forced(CELERY, tmp_path, {})["database.sql_alchemy_conn"] == database


@pytest.mark.parametrize("text", ["{", "[1]", "true"])
def test_wrong_celery_options_are_told(text: str, tmp_path: Path) -> None:
    """An option that Celery could not read is named with the place to mend."""
    with pytest.raises(ProjectError, match=r"extra_celery_config is no JSON object"):
        celery.forced(CELERY, tmp_path, {"celery.extra_celery_config": text})


def test_other_executor_is_refused() -> None:
    """A rehearsal that runs with other workers is not taken for the asked one; asked for nothing, it is."""
    rehearsal.refuse_other(CELERY, CELERY.airflow, None)
    rehearsal.refuse_other(CELERY, CELERY.airflow, Executor("celery", 3, 5))
    for other in (Executor(), Executor("celery", 3, 4), Executor("celery", 1, 5)):
        with pytest.raises(ProjectError, match=r"--executor celery --workers 3 --slots 5, not with --executor"):
            rehearsal.refuse_other(CELERY, CELERY.airflow, other)


def test_other_version_is_refused() -> None:
    """Nor is one of another Airflow than settings.toml now names."""
    with pytest.raises(ProjectError, match=f"has Airflow {CELERY.airflow}, settings.toml says 2.11.2"):
        rehearsal.refuse_other(CELERY, "2.11.2", None)


def test_executor_is_kept(tmp_path: Path) -> None:
    """The next command finds the executor of a rehearsal; one noted before there was a choice has none."""
    paths = Paths(tmp_path)
    Rehearsal("local", "eu-central-1", "bucket", PORTS, executor=CELERY.executor).save(paths)
    note = state.folder(paths) / "state.json"
    found = state.read(note)
    assert found and found.executor == CELERY.executor
    table = json.loads(note.read_text())
    del table["executor"]
    note.write_text(json.dumps(table))
    found = state.read(note)
    assert found and found.executor == Executor()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--slots", "5"], "--slots"),
        (["--executor", "local", "--workers", "2"], "--workers"),
        (["--executor", "celery", "--workers", "0"], "--workers"),
        (["--executor", "kubernetes"], "--executor"),
    ],
)
@pytest.mark.parametrize("verb", [["up"], ["run", "shop"]], ids=["up", "run"])
def test_options_must_fit(verb: list[str], arguments: list[str], told: str) -> None:
    """Workers and slots are Celery's, one at least; nothing is begun otherwise."""
    done = subprocess.run([MWAA, "local", *verb, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Usage:" in done.stderr
