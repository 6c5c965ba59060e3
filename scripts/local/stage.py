"""The parts of a rehearsal, set up in the order in which MWAA starts a container."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment
from scripts import connections
from scripts.aws import Aws
from scripts.console import step
from scripts.deploy import upload
from scripts.local import state
from scripts.local.environment import airflow_environment, startup_environment
from scripts.local.processes import Launcher
from scripts.local.state import Rehearsal
from scripts.local.sync import Sync
from scripts.paths import PACKAGE, Paths
from scripts.startup import run_startup
from scripts.venvs import Airflow, container

COMPONENTS = ("scheduler", "dag-processor", "triggerer", "api-server")


class Stage:
    """Sets up one rehearsal: servers, release, container, Airflow."""

    def __init__(self, paths: Paths, rehearsal: Rehearsal, environment: Environment, airflow: Airflow) -> None:
        self.paths, self.rehearsal, self.environment, self.airflow = paths, rehearsal, environment, airflow
        self.launcher = Launcher(paths, rehearsal)
        self.folder = state.folder(paths)
        # One container plays all parts, as on MWAA's micro class.
        self.container = container(paths.home, "hybrid") | {"TMPDIR": str(paths.home / "tmp")}

    def set(self, build: Path) -> None:
        """Start everything; what is started is written down at once, so that `down` finds it."""
        with step("AWS, Snowflake and Slack, on loopback"):
            aws = self._servers()
        with step("release to S3, and from there to the container") as notes:
            notes.append(f"{len(upload(aws, self.rehearsal.bucket, build))} objects")
            self._sync(aws)
        with step("startup.sh, as MWAA sources it") as notes:
            started = self._startup(aws)
            notes.append(f"dbt {started.get('MWAA_DBT_STATUS', 'without a status')}")
        with step("Airflow: scheduler, DAG processor, triggerer, API server"):
            self._airflow(started)

    def _servers(self) -> Aws:
        password, token = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        ours = {**self.container, "PYTHONPATH": str(PACKAGE.parent)}
        outside = {
            "REHEARSAL_SNOWFLAKE_PASSWORD": password,
            "REHEARSAL_SLACK_TOKEN": token,
            "REHEARSAL_SLACK_FILE": str(self.folder / "slack.jsonl"),
        }
        self._server("aws", ["moto.server", "-H"], ours)
        self._server("outside", ["uvicorn", "scripts.local.outside:app", "--host"], ours | outside)
        for name in ("aws", "outside"):
            self.launcher.wait(name, self.rehearsal.url(name))
        return self._fill(password, token)

    def _server(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        port = self.rehearsal.ports[name]
        self.launcher.start(name, [sys.executable, "-m", *command, "127.0.0.1", "--port", port], environment)

    def _fill(self, password: str, token: str) -> Aws:
        aws = Aws(self.rehearsal.region, self.rehearsal.url("aws"))
        aws.make_bucket(self.rehearsal.bucket)
        secrets_of = {
            self.environment.snowflake.connection: connections.snowflake(self.environment, password),
            self.environment.slack.connection: connections.slack(token, "http://slack.localhost/api/"),
        }
        for name, value in secrets_of.items():
            aws.make_secret(f"{connections.PREFIX}/{name}", value)
        return aws

    def _sync(self, aws: Aws) -> None:
        dags = self.paths.home / "dags"
        Sync(aws, self.rehearsal.bucket, dags).once()
        arguments = [self.rehearsal.url("aws"), self.rehearsal.region, self.rehearsal.bucket, dags]
        ours = {**self.container, "PYTHONPATH": str(PACKAGE.parent)}
        self.launcher.start("sync", [sys.executable, "-m", "scripts.local.sync", *arguments], ours)

    def _startup(self, aws: Aws) -> dict[str, str]:
        script, plugins = self.folder / "startup.sh", self.folder / "plugins.zip"
        script.write_bytes(aws.get(self.rehearsal.bucket, "startup.sh"))
        plugins.write_bytes(aws.get(self.rehearsal.bucket, "plugins.zip"))
        with zipfile.ZipFile(plugins) as archive:
            archive.extractall(self.paths.home / "plugins")
        startup = run_startup(script, startup_environment(self.container, self.rehearsal))
        (self.folder / "logs" / "startup.log").write_text(startup.output)
        return startup.environment

    def _airflow(self, started: dict[str, str]) -> None:
        environment = airflow_environment(started, self.environment, self.rehearsal, self.folder)
        self._database(environment)
        for component in COMPONENTS:
            self.launcher.start(component, [self.airflow.airflow, component], environment)
        self.launcher.wait("api-server", self.rehearsal.url("airflow") + "/api/v2/monitor/health", limit=120)

    def _database(self, environment: dict[str, str]) -> None:
        """Put an empty metadata database in place; migrating one takes 7 s, copying it none."""
        template = self.airflow.folder / "metadata.db"
        if not template.is_file():
            self._migrate(template, environment)
        shutil.copy(template, self.folder / "airflow.db")

    def _migrate(self, template: Path, environment: dict[str, str]) -> None:
        partial = template.with_suffix(".part")
        partial.unlink(missing_ok=True)
        done = subprocess.run(
            [self.airflow.airflow, "db", "migrate"],
            env={**environment, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{partial}"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            tail = (done.stdout + done.stderr).strip()[-2000:]
            raise ProjectError(f"Airflow could not make its database:\n{tail}", str(partial), "run the command again")
        partial.rename(template)
