"""What Airflow itself reads of the secrets: its own Python, backend, options and Cosmos' mapping."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mwaa_dbt.errors import ProjectError
from scripts.aws import Aws
from scripts.ci import proxy
from scripts.console import step
from scripts.options import as_variables, project_options
from scripts.paths import PACKAGE, Paths
from scripts.secrets.declared import Item
from scripts.target import Target
from scripts.venvs import Airflow, airflow_venv, container

LIMIT = 120  # seconds, for everything; a login gives up after 15
CONNECTED = ("snowflake", "slack")
# What leads boto3 to another place than AWS, or through a company's network.
AWS_PLACES = ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_USE_", "AWS_MAX_ATTEMPTS")


@dataclass(frozen=True)
class Airflows:
    """Airflow's Python with the options of an environment, and the access of some credentials."""

    paths: Paths
    target: Target
    aws: Aws
    version: str

    def ask(self, items: list[Item], connect: bool) -> dict[str, Any]:
        """Return what Airflow reads of these items, by kind and id.

        Raises:
            ProjectError: if Airflow cannot be asked.
        """
        airflow = airflow_venv(self.paths, self.version)
        connections = [self._question(item, connect) for item in items if item.kind == "connections"]
        variables = [item.id for item in items if item.kind == "variables"]
        with step("read by Airflow, as a task does"):
            done = self._run(airflow, {"connections": connections, "variables": variables})
        if done.returncode:
            # Whatever is in there, a secret may be, too.
            last = (done.stderr.strip().splitlines() or ["nothing"])[-1].partition(":")[0]
            raise ProjectError(
                f"Airflow's Python failed: {last}", str(airflow.folder), "run `mwaa build`, then this again"
            )
        return dict(json.loads(done.stdout))

    def _question(self, item: Item, connect: bool) -> dict[str, Any]:
        facts = self.target.settings.snowflake._asdict() if item.authentication else None
        return {
            "id": item.id,
            "snowflake": facts,
            "connect": item.type
            if connect and item.type in CONNECTED and item.authentication != "workload_identity"
            else None,
        }

    def _run(self, airflow: Airflow, request: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [airflow.python, PACKAGE / "inside" / "lookup.py"],
                env=self._environment(),
                input=json.dumps(request),
                capture_output=True,
                text=True,
                check=False,
                timeout=LIMIT,
            )
        except subprocess.TimeoutExpired:
            raise ProjectError(
                f"Airflow has not read the secrets within {LIMIT} s.",
                "Secrets Manager, Snowflake, Slack",
                "look at the network; without --connect only Secrets Manager is asked",
            ) from None

    def _environment(self) -> dict[str, str]:
        options = project_options(self.target.settings, self.version)
        places: Mapping[str, str] = {key: value for key, value in os.environ.items() if key.startswith(AWS_PLACES)}
        return {
            **container(self.paths.state / "lookup", "worker"),
            **proxy(self.paths, self.target.name),
            **places,
            **as_variables(options),
            **self.aws.variables(),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "PYTHONPATH": str(self.paths.root / "dags"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
