"""One MWAA environment, through MWAA's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from scripts.aws.errors import Told

# What an update needs of each file: the path in the bucket never changes, the version does.
VERSIONS = {
    "requirements.txt": ("RequirementsS3Path", "RequirementsS3ObjectVersion"),
    "plugins.zip": ("PluginsS3Path", "PluginsS3ObjectVersion"),
    "startup.sh": ("StartupScriptS3Path", "StartupScriptS3ObjectVersion"),
}


class Mwaa:
    """One environment. Every call may raise ProjectError for what AWS refuses."""

    def __init__(self, client: Any, name: str, told: Told) -> None:
        self._client, self.name, self._told = client, name, told

    def describe(self) -> dict[str, Any]:
        """Return GetEnvironment's answer."""
        with self._told("airflow:GetEnvironment", self.name):
            return dict(self._client.get_environment(Name=self.name)["Environment"])

    def find(self) -> dict[str, Any] | None:
        """Return GetEnvironment's answer; None if there is no such environment."""
        with self._told("airflow:GetEnvironment", self.name):
            try:
                return dict(self._client.get_environment(Name=self.name)["Environment"])
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
        return None

    def update(self, versions: Mapping[str, str], strategy: str = "GRACEFUL") -> None:
        """Begin an update to S3 object versions, by file name; it goes on in AWS for 10 to 30 minutes."""
        fields: dict[str, str] = {}
        for name, version in versions.items():
            path, field = VERSIONS[name]
            fields |= {path: name, field: version}
        with self._told("airflow:UpdateEnvironment", self.name):
            self._client.update_environment(Name=self.name, WorkerReplacementStrategy=strategy, **fields)

    def ask(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """Call Airflow's REST API through MWAA's InvokeRestApi and return its JSON."""
        wanted = {"QueryParameters": dict(query)} if query else {}
        wanted |= {"Body": body} if body is not None else {}
        with self._told("airflow:InvokeRestApi", self.name):
            found = self._client.invoke_rest_api(Name=self.name, Method=method, Path=path, **wanted)
        return found.get("RestApiResponse")
