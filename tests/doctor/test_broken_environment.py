"""The MWAA environment, its containers and Airflow, each broken for real: its line tells, and no other does."""

from __future__ import annotations

import time
from typing import Any

import pytest

from scripts.env.containers import ENDED, REQUIREMENTS, STARTUP
from tests.doctor.airflow import dag
from tests.doctor.broken import Broken
from tests.doctor.world import RELEASE, World

PIP = "ERROR: Could not find a version that satisfies the requirement astronomer-cosmos==9"
OPTIONS = "or mend [environments.prod.airflow] in settings.toml"


def option(world: World, **options: str | None) -> None:
    """Change Airflow options of the environment; a None takes one away."""
    now = world.options | {name.replace("__", "."): value for name, value in options.items()}
    world.change(AirflowConfigurationOptions={name: value for name, value in now.items() if value is not None})


def log_level(world: World, kind: str, **changes: Any) -> None:
    """Change the settings of a kind of log."""
    world.change(LoggingConfiguration=world.logging | {kind: {"Enabled": True, "LogLevel": "INFO", **changes}})


def replace_requirements(world: World) -> None:
    """Let the containers have started with another requirements.txt than the live release's."""
    world.client("s3").put_object(Bucket=world.name, Key="requirements.txt", Body=b"a==1")
    version = world.bucket.head("requirements.txt")
    assert version
    world.change(RequirementsS3ObjectVersion=version.version)
    world.deploy()


def fail_pip(world: World) -> None:
    """Let pip fail in two containers, as it does in all that start."""
    for component in ("Scheduler", "Worker"):
        world.log(component, f"{REQUIREMENTS}_two", PIP)


def fail_update(world: World) -> None:
    """Let the last update have failed."""
    error = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": "startup.sh ended the shell"}
    world.change(Status="UPDATE_FAILED", LastUpdate={"Status": "FAILED", "CreatedAt": time.time(), "Error": error})
    world.log("Worker", f"{STARTUP}_two", "startup.sh: dbt virtualenv ready in 1.0 s ()", ago=-1)


STATE = {
    "failed update": Broken(
        fail_update,
        "environment",
        "error",
        "UPDATE_FAILED, its last update failed: INCORRECT_CONFIGURATION startup.sh ended the shell",
        "then deploy again",
    ),
    "version": Broken(
        lambda world: world.change(AirflowVersion="3.2.1"),
        "environment",
        "error",
        "it has Airflow 3.2.1, settings.toml says 3.3.1",
        "`mwaa env update --env prod`, or mend airflow_version",
    ),
    "forbidden version": Broken(
        lambda world: world.change(AirflowVersion="2.10.3"),
        "environment",
        "error",
        "it has Airflow 2.10.3",
        "MWAA goes from 2.10.3 to 3.3.1 only by way of 2.11.2",
    ),
    "class": Broken(
        lambda world: world.change(EnvironmentClass="mw1.medium"),
        "environment",
        "error",
        "environment_class is mw1.medium, settings.toml says mw1.small",
        "or mend mwaa.environment_class in settings.toml",
    ),
    "workers": Broken(
        lambda world: world.change(MaxWorkers=10),
        "environment",
        "error",
        "max_workers is 10, settings.toml says 5",
        "or mend mwaa.max_workers",
    ),
    "lacking option": Broken(
        lambda world: option(world, cosmos__enable_telemetry=None),
        "environment",
        "error",
        "it lacks option cosmos.enable_telemetry = False",
        OPTIONS,
    ),
    "other option": Broken(
        lambda world: option(world, celery__worker_autoscale="9,9"),
        "environment",
        "error",
        "option celery.worker_autoscale is 9,9, `mwaa config` has 5,0",
        OPTIONS,
    ),
    "strange option": Broken(
        lambda world: option(world, core__parallelism="99"),
        "environment",
        "error",
        "option core.parallelism is 99, `mwaa config` does not have it",
        OPTIONS,
    ),
    "files": Broken(
        replace_requirements,
        "environment",
        "error",
        f"its containers started with another requirements.txt than release {RELEASE} has",
        "`mwaa deploy --env prod` updates it",
    ),
    "bucket": Broken(
        lambda world: world.change(SourceBucketArn="arn:aws:s3:::other"),
        "environment",
        "error",
        "it reads arn:aws:s3:::other, not shop-",
        "mend bucket or mwaa.name",
    ),
    "level": Broken(
        lambda world: log_level(world, "WorkerLogs", LogLevel="WARNING"),
        "environment",
        "error",
        "WorkerLogs are not kept from INFO on",
        "or mend mwaa.logs",
    ),
    "task logs": Broken(
        lambda world: log_level(world, "TaskLogs", Enabled=False),
        "environment",
        "warning",
        "TaskLogs are off: what dbt says in tasks is lost",
        "or mend mwaa.logs",
    ),
    "web server": Broken(
        lambda world: world.change(WebserverUrl="127.0.0.1:9"),
        "environment",
        "error",
        "its web server does not answer from here",
        "look at log group -WebServer",
    ),
    "private": Broken(
        lambda world: world.change(WebserverUrl="127.0.0.1:9", WebserverAccessMode="PRIVATE_ONLY"),
        "environment",
        "warning",
        "its web server is private (PRIVATE_ONLY), and not to be reached from here",
        "run this from within its network",
    ),
}
CONTAINERS = {
    "pip": Broken(
        fail_pip,
        "containers",
        "error",
        f"Scheduler, Worker: {PIP} (",
        "mend requirements.txt",
    ),
    "pip ended": Broken(
        lambda world: world.log("Worker", f"{REQUIREMENTS}_two", "Collecting pandas", "Downloading …", ago=1200),
        "containers",
        "error",
        f"Worker: {ENDED} (",
        "mend requirements.txt",
    ),
    "startup": Broken(
        lambda world: world.log(
            "Worker", f"{STARTUP}_two", "startup.sh: dbt virtualenv failed: no space left in 3.0 s (component worker)"
        ),
        "containers",
        "error",
        "Worker: startup.sh: dbt virtualenv failed: no space left",
        "docs/troubleshooting.md",
    ),
    "silence": Broken(
        lambda world: world.change(LastUpdate={"Status": "SUCCESS", "CreatedAt": time.time() + 60}),
        "containers",
        "warning",
        "no container has said how its startup.sh ended",
        "see that Worker and Scheduler logs are on",
    ),
}
AIRFLOW = {
    "triggerer": Broken(
        lambda world: world.airflow.health.update(triggerer="unhealthy"),
        "dags",
        "error",
        "Airflow's triggerer is unhealthy",
        "log group -Scheduler",
    ),
    "import error": Broken(
        lambda world: world.airflow.import_errors.append(
            {"filename": "shop.py", "stack_trace": "Traceback …\nModuleNotFoundError: No module named 'cosmos'\n"}
        ),
        "dags",
        "error",
        "shop.py does not import: ModuleNotFoundError: No module named 'cosmos'",
        "`mwaa build --env prod`",
    ),
    "new DAG": Broken(
        lambda world: world.airflow.dags.pop(),
        "dags",
        "warning",
        "DAGs that Airflow does not show: finance; it was deployed just now",
        "wait",
    ),
    "slow parse": Broken(
        lambda world: world.airflow.dags.__setitem__(0, dag("shop", seconds=24.5)),
        "dags",
        "warning",
        "the file of shop took 24.5 s to parse, of 30 s",
        "fewer nodes",
    ),
}
ALL = [
    pytest.param(broken, id=f"{broken.group}: {name}")
    for table in (STATE, CONTAINERS, AIRFLOW)
    for name, broken in table.items()
]


@pytest.mark.parametrize("broken", ALL)
def test_one_line_tells(broken: Broken, world: World) -> None:
    """What was broken is told by one line, with what mends it."""
    broken.do(world)
    broken.check(world.look())
