"""A run on MWAA's executor: the tasks go through SQS to a Celery worker, PostgreSQL keeps what comes of them."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator

import boto3
import psutil
import pytest

from scripts.aws import Aws
from scripts.local import processes, state
from scripts.local.celery import queue
from scripts.local.executor import Executor
from scripts.local.state import POSTGRES
from tests.e2e.conftest import Done, Project, assert_partial_parse, copy_project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ASKED = ("--executor", "celery", "--workers", "1", "--slots", "5")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Start a rehearsal with a worker, and end it."""
    copy = copy_project(tmp_path_factory.mktemp("celery"))
    done = copy.mwaa("local", "up", "--port", str(state.free_port()), *ASKED)
    assert done.code == 0, done.err
    yield copy
    copy.mwaa("local", "down")


@pytest.fixture(scope="module")
def done(project: Project) -> Done:
    """Run the sample DAG."""
    return project.mwaa("local", "run", "jaffle_shop", "--json", *ASKED)


def log(project: Project, name: str) -> str:
    """Return the log of a process."""
    return processes.log_file(project.paths, name).read_text()


def test_run_is_green(done: Done, project: Project) -> None:
    """Every task of the sample project succeeds on the worker, as it does on the scheduler."""
    assert done.code == 0, done.err
    assert set(done.states.values()) == {"success"}
    assert_partial_parse(project)


def test_tasks_came_through_sqs(done: Done, project: Project) -> None:
    """The worker took as many tasks as ended in one, from the queue of SQS, which is empty afterwards."""
    rehearsal = state.needed(project.paths)
    assert rehearsal.executor == Executor("celery", 1, 5)
    sqs = boto3.client(
        "sqs",
        region_name=rehearsal.region,
        endpoint_url=rehearsal.url("aws"),
        aws_access_key_id="rehearsal",
        aws_secret_access_key="rehearsal",
    )
    address = sqs.get_queue_url(QueueName=queue(rehearsal))["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=names)["Attributes"]
    assert set(left.values()) == {"0"}
    text = log(project, "worker-1")
    assert f"sqs://127.0.0.1:{rehearsal.ports['aws']}" in text
    assert len(set(re.findall(r"Task execute_workload\[(\S+)\] received", text))) >= len(done.states)
    assert "concurrency: {min=0, max=5}" in text


def test_results_are_in_postgres(done: Done, project: Project) -> None:
    """Metadata and Celery's results are in PostgreSQL, and there is no SQLite file."""
    rehearsal = state.needed(project.paths)
    assert f"postgresql+psycopg2://airflow:**@127.0.0.1:{rehearsal.ports[POSTGRES]}" in log(project, "worker-1")
    assert not (state.folder(project.paths) / "airflow.db").exists()


def test_workers_are_known(done: Done, project: Project) -> None:
    """`status` and `logs` name the worker; a rehearsal with other workers is refused."""
    status = json.loads(project.mwaa("local", "status", "--json").out)
    assert status["processes"]["worker-1"] is True
    assert status["urls"]["postgres"].startswith("postgresql://127.0.0.1:")
    assert "ready." in project.mwaa("local", "logs", "worker-1", "-n", "100000").out
    other = project.mwaa("local", "run", "jaffle_shop", "--executor", "local")
    assert other.code == 1
    assert "started with --executor celery --workers 1 --slots 5, not with --executor local" in other.err


def test_password_is_told_to_nobody(done: Done, project: Project) -> None:
    """The database's password is in no log and no object; the files that hold it are their owner's alone."""
    rehearsal, folder = state.needed(project.paths), state.folder(project.paths)
    secret = folder / "postgres.password"
    logs = [*(folder / "logs").glob("*.log"), *(project.paths.home / "logs").rglob("*.log")]
    assert len(logs) > 10
    assert [path for path in logs if secret.read_bytes() in path.read_bytes()] == []
    bucket = Aws(rehearsal.region, rehearsal.url("aws")).bucket(rehearsal.bucket)
    assert [key for key in bucket.objects() if secret.read_bytes() in bucket.get(key)] == []
    holders = [path for path in folder.iterdir() if path.is_file() and secret.read_bytes() in path.read_bytes()]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in holders} == {
        "postgres.password": 0o600,
        "container.json": 0o600,
    }


def test_down_leaves_nothing(done: Done, project: Project) -> None:
    """After `down` no process is left, neither of the workers nor of PostgreSQL, whoever it ran as."""
    noted = state.needed(project.paths).members
    family = [
        process
        for member in noted.values()
        for process in (psutil.Process(member.pid), *psutil.Process(member.pid).children(recursive=True))
    ]
    assert {"worker-1", POSTGRES} < set(noted)
    assert len(family) > len(noted) + 4
    assert project.mwaa("local", "down").code == 0
    assert [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
    assert [pid for pid in psutil.pids() if _mark(pid) == str(project.paths.root)] == []
    assert not (state.folder(project.paths) / "postgres").exists()


def _mark(pid: int) -> str:
    try:
        return str(psutil.Process(pid).environ().get(state.MARK))
    except psutil.Error:
        return ""
