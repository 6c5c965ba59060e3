"""The parts of a rehearsal, set up in the order in which MWAA starts a container."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from pathlib import Path

from mwaa_dbt.settings import Environment
from mwaa_dbt.sizing import is_2
from scripts.aws import Aws, Bucket
from scripts.connections import PLACEHOLDER
from scripts.console import step
from scripts.deploy.apply import Source, make_live
from scripts.deploy.lock import locked
from scripts.local import celery, described, record, state
from scripts.local.container import Container
from scripts.local.postgres import Postgres, migrate
from scripts.local.processes import Launcher
from scripts.local.state import POSTGRES, Rehearsal
from scripts.local.sync import Sync
from scripts.paths import PACKAGE, Paths
from scripts.release import read_record
from scripts.secrets.declared import Item, declared
from scripts.venvs import Airflow, container


class Stage:
    """Sets up one rehearsal: servers, release, container, Airflow."""

    def __init__(self, paths: Paths, rehearsal: Rehearsal, environment: Environment, airflow: Airflow) -> None:
        self.paths, self.rehearsal, self.environment, self.airflow = paths, rehearsal, environment, airflow
        self.launcher = Launcher(paths, rehearsal)
        self.folder = state.folder(paths)
        # What our own servers run in: this Python, and what it may know of this machine.
        self.variables = container(paths.home, "hybrid") | {
            "TMPDIR": str(paths.home / "tmp"),
            "PYTHONPATH": str(PACKAGE.parent),
        }

    def set(self, build: Path) -> None:
        """Start everything; what is started is written down at once, so that `down` finds it."""
        with step("AWS, MWAA's API, Snowflake and Slack, on loopback"):
            aws = self._servers()
        bucket = aws.bucket(self.rehearsal.bucket)
        with locked(bucket) as lock:
            make_live(bucket, Source(read_record(build), build), lock, "deploy")
        with step("from S3 to the container"):
            self._sync(bucket)
        self._create(aws)

    def _create(self, aws: Aws) -> None:
        """Start the environment's first container; an update later replaces it (update.py)."""
        made = described.first(self.environment, self.rehearsal, aws.bucket(self.rehearsal.bucket))
        record.write(self.paths, made)
        first = Container(self.paths, self.rehearsal, aws)
        with step("plugins.zip, startup.sh and requirements.txt, as MWAA starts a container") as notes:
            ready = first.prepare(made)
            notes.append(f"dbt {ready.variables.get('MWAA_DBT_STATUS', 'without a status')}")
        workers = len(self.rehearsal.executor.members)
        web = "web server" if is_2(self.rehearsal.airflow) else "API server"
        with step(f"Airflow: scheduler, DAG processor, triggerer, {web}" + f", {workers} workers" * bool(workers)):
            self._database(ready.variables)
            first.run(ready)
        record.change(self.paths, {"Status": "AVAILABLE", "LastUpdate": record.ended(self.paths, "SUCCESS")})

    def _servers(self) -> Aws:
        password, token = secrets.token_urlsafe(16), f"xoxb-{secrets.token_urlsafe(16)}"
        outside = {
            "REHEARSAL_SNOWFLAKE_PASSWORD": password,
            "REHEARSAL_SLACK_TOKEN": token,
            "REHEARSAL_SLACK_FILE": str(self.folder / "slack.jsonl"),
        }
        self._server("aws", ["moto.server", "-H"], {})
        self._server("outside", ["uvicorn", "scripts.local.outside:app", "--host"], outside)
        command = [sys.executable, "-m", "scripts.local.front", self.rehearsal.ports["mwaa"]]
        self.launcher.start("mwaa", command, self.variables)
        for name in ("aws", "outside", "mwaa"):
            self.launcher.wait(name, self.rehearsal.url(name))
        return self._fill(password, token)

    def _server(self, name: str, command: list[str], variables: dict[str, str]) -> None:
        complete = [sys.executable, "-m", *command, "127.0.0.1", "--port", self.rehearsal.ports[name]]
        self.launcher.start(name, complete, self.variables | variables)

    def _fill(self, password: str, token: str) -> Aws:
        aws = Aws(self.rehearsal.region, self.rehearsal.url("aws"))
        aws.make_bucket(self.rehearsal.bucket)
        if self.rehearsal.executor.on_celery:
            aws.make_queue(celery.queue(self.rehearsal), celery.VISIBILITY)
        for item in declared(self.rehearsal.environment, self.environment):
            value = item.value(_rehearsed(item, password, token))
            aws.secrets.create(item.name, value if isinstance(value, str) else json.dumps(value))
        return aws

    def _sync(self, bucket: Bucket) -> None:
        dags = self.paths.home / "dags"
        Sync(bucket, dags).once()
        arguments = [self.rehearsal.url("aws"), self.rehearsal.region, bucket.name, dags]
        self.launcher.start("sync", [sys.executable, "-m", "scripts.local.sync", *arguments], self.variables)

    def _database(self, environment: dict[str, str]) -> None:
        """Put an empty metadata database in place; migrating one takes 7 s, copying it none."""
        if POSTGRES in self.rehearsal.ports:
            Postgres(self.launcher, self.airflow).create(environment)
            return
        template = self.airflow.folder / "metadata.db"
        if not template.is_file():
            self._migrate(template, environment)
        shutil.copy(template, self.folder / "airflow.db")

    def _migrate(self, template: Path, environment: dict[str, str]) -> None:
        # Two rehearsals of one machine may make it at once.
        partial = template.with_name(f"metadata-{os.getpid()}.part")
        migrate(self.airflow, {**environment, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{partial}"})
        partial.rename(template)


def _rehearsed(item: Item, password: str, token: str) -> dict[str, str]:
    """Return the secret parts of a connection or variable in a rehearsal."""
    known = {"token": token, "url": f"http://slack.localhost/services/T0/B0/{token}"}
    known |= {"password": password} if item.authentication else {}
    return {part: known.get(part, PLACEHOLDER) for part in item.parts}
