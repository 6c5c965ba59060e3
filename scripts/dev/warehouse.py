"""Where `mwaa dev` builds: a schema of one's own in the rehearsal's Snowflake, or in a real one."""

from __future__ import annotations

import getpass
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, load
from scripts import connections
from scripts.console import step
from scripts.local import state
from scripts.local.processes import answers
from scripts.local.state import ENVIRONMENT, Rehearsal
from scripts.paths import PACKAGE, Paths
from scripts.target import find_target
from scripts.venvs import container
from scripts.workshop import DbtTarget

# dbt's name of the target: projects ask it whether they are in production.
TARGET = "dev"
LIMIT = 60.0  # seconds that the front may take
GRACE = 5.0


@dataclass(frozen=True)
class Warehouse:
    """A target in a schema of its own, and what dbt's environment needs to reach it; `empty` is a new one."""

    target: DbtTarget
    variables: Mapping[str, str]
    empty: bool = False

    def schema(self, project: str) -> str:
        """Return the schema of a dbt project there."""
        return self.target.environment.snowflake.schema.replace("{project}", project.replace("-", "_"))


@contextmanager
def open_warehouse(paths: Paths, name: str) -> Iterator[Warehouse]:
    """Yield where an environment of settings.toml is developed; for `local` a Snowflake is started if none runs.

    Raises:
        ProjectError: if there is no such environment, or its connection cannot be read.
    """
    settings = load(paths.settings)
    environment = _own(settings.environment(name))
    if name != ENVIRONMENT:
        yield Warehouse(_target(environment, _stored(paths, name, environment)), {})
    elif running := state.find(paths):
        yield Warehouse(_target(environment, _stored(paths, name, environment)), running.proxy())
    else:
        password, port = secrets.token_urlsafe(16), state.free_port()
        with _front(paths, password, port):
            alone = Rehearsal(name, environment.region, environment.bucket, {"outside": port})
            stored = connections.snowflake(environment, password)
            yield Warehouse(_target(environment, stored), alone.proxy(), empty=True)


def _own(environment: Environment) -> Environment:
    user = re.sub(r"[^a-z0-9]+", "_", getpass.getuser().lower())
    schema = f"dev_{user}_{environment.snowflake.schema}"
    return environment._replace(snowflake=environment.snowflake._replace(schema=schema))


def _target(environment: Environment, connection: Mapping[str, Any]) -> DbtTarget:
    return DbtTarget(TARGET, environment, connection)


def _stored(paths: Paths, name: str, environment: Environment) -> dict[str, Any]:
    with step("Airflow connection, from Secrets Manager"):
        aws = find_target(paths, name).aws
        return aws.secret(connections.secret_name(environment, environment.snowflake.connection))


@contextmanager
def _front(paths: Paths, password: str, port: int) -> Iterator[None]:
    variables = {**container(paths.home, "hybrid"), "PYTHONPATH": str(PACKAGE.parent)}
    log = paths.state / "dev" / "snowflake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with step("Snowflake of the rehearsal, on loopback"), log.open("wb") as output:
        # In a session of its own, so that Ctrl-C reaches us alone; it ends when its input does.
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.dev.front", str(port)],
            env={**variables, "REHEARSAL_SNOWFLAKE_PASSWORD": password},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _await(process, port, log)
        except BaseException:
            _end(process)
            raise
    try:
        yield
    finally:
        _end(process)


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + LIMIT
    while not answers(f"http://127.0.0.1:{port}"):
        if process.poll() is not None or time.monotonic() > end:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
            raise ProjectError(f"The Snowflake of the rehearsal did not start:\n{tail}", str(log), "mend what it names")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(GRACE)
    if process.stdin:
        process.stdin.close()
