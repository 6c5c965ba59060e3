"""One MWAA environment, through MWAA's API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from mwaa_dbt.errors import ProjectError
from scripts.aws.errors import AwsError, Told

# What an update needs of each file: the path in the bucket never changes, the version does.
VERSIONS = {
    "requirements.txt": ("RequirementsS3Path", "RequirementsS3ObjectVersion"),
    "plugins.zip": ("PluginsS3Path", "PluginsS3ObjectVersion"),
    "startup.sh": ("StartupScriptS3Path", "StartupScriptS3ObjectVersion"),
}
# Keys of settings.toml's table mwaa → GetEnvironment's fields of the same value.
SETTINGS = {
    "environment_class": "EnvironmentClass",
    "min_workers": "MinWorkers",
    "max_workers": "MaxWorkers",
    "schedulers": "Schedulers",
    "min_webservers": "MinWebservers",
    "max_webservers": "MaxWebservers",
    "access": "WebserverAccessMode",
    "maintenance": "WeeklyMaintenanceWindowStart",
    "role": "ExecutionRoleArn",
    "kms_key": "KmsKey",
}


class Log(NamedTuple):
    """What MWAA keeps of one kind of process: GetEnvironment's field, and the end of the log group's name."""

    field: str
    group: str


# Keys of settings.toml's table mwaa.logs → what they stand for.
LOGS = {
    "dag_processing": Log("DagProcessingLogs", "DAGProcessing"),
    "scheduler": Log("SchedulerLogs", "Scheduler"),
    "webserver": Log("WebserverLogs", "WebServer"),
    "worker": Log("WorkerLogs", "Worker"),
    "task": Log("TaskLogs", "Task"),
}
# What InvokeRestApi calls errors of Airflow's own, with its status and answer in them.
REST_ERRORS = ("RestApiClientException", "RestApiServerException")
# In its answer of an environment that is older than InvokeRestApi (MWAA user guide, using the REST API).
OUTDATED = "to use InvokeRestApi"


class RestError(ProjectError):
    """Report what Airflow's REST API refuses; `status` is HTTP's, `answer` Airflow's JSON or text."""

    def __init__(self, status: int, answer: Any, where: str) -> None:
        super().__init__(f"Airflow refused ({status}): {detail(answer)}", where, "mend what it names, then run again")
        self.status, self.answer = status, answer


def detail(answer: Any) -> str:
    """Return what an error of Airflow's REST API says, in one line."""
    told = answer.get("detail") or answer.get("title") if isinstance(answer, Mapping) else None
    if isinstance(told, list):
        # Of a body that does not fit, Airflow 3 says {"loc": ["body", "conf"], "msg": …} for each field.
        told = "; ".join(f"{'.'.join(map(str, one.get('loc', ())))}: {one.get('msg')}" for one in told)
    return " ".join(str(told or answer).split())[:500]


@dataclass(frozen=True)
class Login:
    """A token, good for 60 seconds, and the address of the web server that takes it."""

    token: str = field(repr=False)
    url: str


class Mwaa:
    """One environment. Every call may raise ProjectError for what AWS refuses.

    `scheme` is that of its web server: https on AWS, http on loopback.
    """

    def __init__(self, client: Any, name: str, told: Told, scheme: str = "https") -> None:
        self._client, self.name, self._told, self._scheme = client, name, told, scheme

    def describe(self) -> dict[str, Any]:
        """Return GetEnvironment's answer."""
        with self._told("airflow:GetEnvironment", self.name):
            return dict(self._client.get_environment(Name=self.name)["Environment"])

    def find(self) -> dict[str, Any] | None:
        """Return GetEnvironment's answer; None if there is no such environment."""
        try:
            return self.describe()
        except AwsError as error:
            if not error.absent:
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

    def cli_token(self) -> Login:
        """Return what Airflow's CLI endpoint takes."""
        with self._told("airflow:CreateCliToken", self.name):
            found = self._client.create_cli_token(Name=self.name)
        return self._login(found, "CliToken")

    def web_token(self) -> Login:
        """Return what logs in to the web server, with the rights of the Airflow role that IAM allows."""
        with self._told("airflow:CreateWebLoginToken", self.name):
            found = self._client.create_web_login_token(Name=self.name)
        return self._login(found, "WebToken")

    def _login(self, found: Mapping[str, Any], key: str) -> Login:
        return Login(str(found[key]), f"{self._scheme}://{found['WebServerHostname']}")

    def ask(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """Call Airflow's REST API through MWAA's InvokeRestApi and return its JSON.

        Raises:
            RestError: for what Airflow itself refuses.
            AwsError: for what AWS does.
        """
        wanted = {"QueryParameters": dict(query)} if query else {}
        wanted |= {"Body": body} if body is not None else {}
        with self._told("airflow:InvokeRestApi", self.name):
            try:
                found = self._client.invoke_rest_api(Name=self.name, Method=method, Path=path, **wanted)
            except ClientError as error:
                code, text = error.response["Error"]["Code"], str(error.response["Error"].get("Message", ""))
                if code in REST_ERRORS:
                    status = int(error.response.get("RestApiStatusCode") or 0)
                    raise RestError(status, error.response.get("RestApiResponse"), f"{method} {path}") from None
                if OUTDATED in text:
                    raise self._outdated(text, code) from None
                raise
        return found.get("RestApiResponse")

    def _outdated(self, text: str, code: str) -> AwsError:
        command = f"aws mwaa update-environment --name {self.name} --region {self._told.region}"
        return AwsError(
            f"The environment is older than MWAA's InvokeRestApi: {text}",
            f"airflow:InvokeRestApi on {self.name}",
            f"update it once, without any change: `{command}`; 10 to 30 minutes, containers are replaced",
            code,
        )
