"""`mwaa logs --component`, with CloudWatch as moto serves it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests import serving
from tests.operate.conftest import Project, make_project
from tests.operate.server import NAME, running

KEYS = {"region_name": "eu-central-1", "aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}
GROUP = f"airflow-{NAME}-Scheduler"
SCHEDULER, TRIGGERER = "scheduler_ip-10-0-0-1.ec2.internal_1700000000.5.log", "triggerer_ip-10-0-0-1.ec2.internal_2.log"


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    """Run moto's server and return its port."""
    with serving.moto() as url:
        yield int(url.rpartition(":")[2])


@pytest.fixture
def client(moto: int) -> Iterator[Any]:
    """Return a client of CloudWatch with the scheduler's log group and its streams."""
    client = boto3.client("logs", endpoint_url=f"http://127.0.0.1:{moto}", **KEYS)
    client.create_log_group(logGroupName=GROUP)
    for stream in (SCHEDULER, TRIGGERER):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    yield client
    client.delete_log_group(logGroupName=GROUP)


@pytest.fixture
def project(tmp_path: Path, moto: int) -> Iterator[Project]:
    """Return a project whose environment writes the logs of its scheduler, and no others."""
    with running("3.3.1") as cloud:
        arn = f"arn:aws:logs:eu-central-1:123456789012:log-group:{GROUP}:*"
        written = {"Enabled": True, "LogLevel": "WARNING", "CloudWatchLogGroupArn": arn}
        cloud.described["LoggingConfiguration"] = {"SchedulerLogs": written, "WorkerLogs": {"Enabled": False}}
        yield make_project(tmp_path, cloud, moto)


def write(client: Any, stream: str, *texts: str, ago: float = 0.0) -> None:
    """Write lines, `ago` in seconds."""
    at = int((time.time() - ago) * 1000)
    events = [{"timestamp": at + number, "message": text} for number, text in enumerate(texts)]
    client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def texts(out: str) -> list[str]:
    """Return the lines without their times."""
    return [line[20:] for line in out.splitlines()]


def test_lines_since(project: Project, client: Any) -> None:
    """Lines of the last hour, or since a time; each says which process wrote it."""
    write(client, SCHEDULER, "long ago", ago=7200)
    write(client, SCHEDULER, "zombie \x1b[31mfound", "bored", ago=60)
    write(client, TRIGGERER, "trigger 7 failed", ago=30)
    done = project.mwaa("logs", "--component", "scheduler")
    assert done.code == 0, done.err
    assert texts(done.out) == ["scheduler  zombie found", "scheduler  bored", "triggerer  trigger 7 failed"]
    assert len(texts(project.mwaa("logs", "--component", "scheduler", "--since", "3h").out)) == 4
    assert texts(project.mwaa("logs", "--component", "scheduler", "-n", "1").out) == ["triggerer  trigger 7 failed"]
    assert texts(project.mwaa("logs", "--component", "triggerer").out) == ["triggerer  trigger 7 failed"]
    assert texts(project.mwaa("logs", "-c", "scheduler", "--grep", "zombie").out) == ["scheduler  zombie found"]


def test_nothing_there(project: Project, client: Any) -> None:
    """An empty answer says of where, since when and from which level on."""
    done = project.mwaa("logs", "--component", "scheduler", "--since", "30m")
    assert (done.code, done.out) == (0, "")
    assert f"Nothing in {GROUP} since " in done.err
    assert "level WARNING" in done.err


@pytest.mark.parametrize(("component", "setting"), [("worker", "worker"), ("dag-processing", "dag_processing")])
def test_logs_that_are_off(project: Project, component: str, setting: str) -> None:
    """What MWAA does not write is told with the line of settings.toml that changes it."""
    done = project.mwaa("logs", "--component", component)
    assert done.code == 1
    assert f"{NAME} does not write the logs of its {component}." in done.err
    assert f'`logs = {{{setting} = "INFO"}}` to [environments.prod.mwaa]' in done.err


def test_follow(project: Project, client: Any) -> None:
    """--follow shows what comes, each line once."""
    write(client, SCHEDULER, "one", ago=60)
    with project.start("logs", "--env", "prod", "-c", "scheduler", "--follow") as process:
        assert process.stdout
        assert process.stdout.readline().endswith(b"scheduler  one\n")
        write(client, SCHEDULER, "two")
        assert process.stdout.readline().endswith(b"scheduler  two\n")
        write(client, TRIGGERER, "three")
        assert process.stdout.readline().endswith(b"triggerer  three\n")
        process.terminate()
        out, err = process.communicate(timeout=30)
    assert (out, b"Traceback" in err) == (b"", False)
