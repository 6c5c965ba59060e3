"""Where this project runs: settings.toml as frozen objects, and the only door to environment variables.

The `mwaa` command reads settings.toml; `mwaa build` writes the one environment it builds for to
settings.json beside this file, and that copy is all that a DAG ever reads.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.sizing import DEFAULT_CLASS, ClassName, Execution, Size, Value, defaults, derive, slots_of
from mwaa_dbt.tables import Source, as_table, read, suggestion

type Event = Literal["failure", "recovery", "warnings", "freshness", "late"]
type Level = Literal["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "OFF"]
type Authentication = Literal["key_pair", "encrypted_key_pair", "workload_identity", "password"]
AUTOSCALE = "celery.worker_autoscale"
EVENTS: tuple[Event, ...] = ("failure", "recovery", "warnings", "freshness", "late")
# Its class is that of the machine it runs on, unless settings.toml says which one to rehearse.
REHEARSAL = "local"
SHIPPED = Path(__file__).with_name("settings.json")


class Snowflake(NamedTuple):
    """What dbt needs to know of Snowflake besides the secret; `{project}` in schema is the dbt project.

    With "workload_identity" there is no secret: Snowflake knows MWAA's execution role.
    """

    account: str
    user: str
    role: str
    warehouse: str
    database: str
    authentication: Authentication
    schema: str = "{project}"
    connection: str = "snowflake_default"
    threads: int = 4
    query_tag: str | None = None
    host: str | None = None
    port: int | None = None
    protocol: Literal["http", "https"] | None = None


class Slack(NamedTuple):
    """Where runs are told, and what of them.

    `type` is the Airflow connection's: a bot token ("slack") or an incoming webhook ("slackwebhook", whose channel is
    Slack's own). `mention` is called when a run fails or is late, in Slack's form: <!here>, <@U…>, <!subteam^S…>.
    `thread` sends the details of all failing nodes as an answer to the failure's message; a webhook cannot.
    """

    channel: str
    connection: str = "slack_default"
    type: Literal["slack", "slackwebhook"] = "slack"
    mention: str | None = None
    events: tuple[Event, ...] = EVENTS
    thread: bool = False


class Connection(NamedTuple):
    """A further Airflow connection: every field that is no secret; `secret` says whether it has a password."""

    type: str
    host: str | None = None
    login: str | None = None
    schema: str | None = None
    port: int | None = None
    extra: Mapping[str, Any] = MappingProxyType({})
    secret: bool = True


class Secrets(NamedTuple):
    """Where an environment's secrets are: <prefix>/connections/<id> and <prefix>/variables/<name>.

    `kms_key` encrypts them (ARN, id or alias); Secrets Manager's own key if absent.
    """

    prefix: str = "airflow"
    kms_key: str | None = None


class Logs(NamedTuple):
    """What MWAA writes to CloudWatch, of each kind from a level on or not at all, and for how many days it is kept."""

    dag_processing: Level | None = None
    scheduler: Level | None = None
    task: Level | None = None
    webserver: Level | None = None
    worker: Level | None = None
    retention: int | None = None


class Mwaa(NamedTuple):
    """The MWAA environment: what it is called, how large it is, and how `mwaa env` makes it.

    Without a class nothing is derived from it. `load` fills in the sizes that settings.toml leaves out
    (mwaa_dbt.sizing); what else it leaves out is the default of infra/environment.yaml. `maintenance` is a day and an
    hour (UTC) as "SUN:03:30", `role` an execution role of your own, `kms_key` the ARN of a key; `tags` go on all of it.
    """

    name: str
    environment_class: ClassName | None = None
    min_workers: int | None = None
    max_workers: int | None = None
    schedulers: int | None = None
    min_webservers: int | None = None
    max_webservers: int | None = None
    access: Literal["PUBLIC_ONLY", "PRIVATE_ONLY", "PUBLIC_AND_PRIVATE"] | None = None
    maintenance: str | None = None
    role: str | None = None
    kms_key: str | None = None
    logs: Logs | None = None
    tags: Mapping[str, str] | None = None


class Network(NamedTuple):
    """Where the environment stands: two private subnets of yours, or those that infra/network.yaml makes.

    `addresses` are the first two numbers of that network's addresses; without security groups one is made.
    """

    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    routing: Literal["nat", "nat-per-zone", "endpoints"] | None = None
    addresses: str | None = None


class Alarms(NamedTuple):
    """Who hears of the alarms of infra/monitoring.yaml: mail addresses, and a Slack channel, by ids."""

    emails: tuple[str, ...] = ()
    slack_workspace: str | None = None
    slack_channel: str | None = None


class Tasks(NamedTuple):
    """How dbt tasks behave: retries of models (tests never retry); delay and poll in seconds.

    `execution` is what `dbt_group` does if a DAG file does not say. With `slice` the process of one task makes only
    that one of the DAG; without it, the whole DAG.
    """

    retries: int = 2
    retry_delay: int = 300
    poll: int = 10
    execution: Execution = "watcher"
    slice: bool = True


class Environment(NamedTuple):
    """One place to run: an MWAA environment, its bucket and its warehouse."""

    region: str
    bucket: str
    snowflake: Snowflake
    slack: Slack | None = None
    tasks: Tasks = Tasks()
    airflow: Mapping[str, str] = MappingProxyType({})
    mwaa: Mwaa | None = None
    secrets: Secrets = Secrets()
    connections: Mapping[str, Connection] = MappingProxyType({})
    # Name → value; an empty text says that the value is a secret, given to `mwaa secrets push`.
    variables: Mapping[str, str] = MappingProxyType({})
    network: Network | None = None
    alarms: Alarms | None = None

    @property
    def size(self) -> Size | None:
        """What sizing goes by; None if no class is known."""
        mwaa = self.mwaa
        if mwaa is None or mwaa.environment_class is None:
            return None
        workers, schedulers, slots = mwaa.max_workers, mwaa.schedulers, slots_of(self.airflow.get(AUTOSCALE))
        return Size(mwaa.environment_class, self.tasks.execution, workers or 1, schedulers or 1, slots)


class Project(NamedTuple):
    """What all environments share."""

    name: str
    airflow_version: str


class Settings(NamedTuple):
    """The whole of settings.toml."""

    project: Project
    environments: Mapping[str, Environment]

    def environment(self, name: str) -> Environment:
        """Return one environment.

        Raises:
            ProjectError: if settings.toml has no such table.
        """
        if name in self.environments:
            return self.environments[name]
        known = list(self.environments)
        raise ProjectError(
            f"There is no environment {name!r}.{suggestion(name, known)}",
            "settings.toml, environments",
            f"use one of: {', '.join(known)}, or add [environments.{name}]",
        )


class Runtime(NamedTuple):
    """What a DAG knows: the environment it was built for."""

    name: str
    environment: Environment


def load(path: Path) -> Settings:
    """Read settings.toml; what it leaves to the class of an MWAA environment is filled in.

    Raises:
        ProjectError: if the file is missing, is no TOML, or has a wrong key or value.
    """
    # Here, since only the build reads it: a task's process would pay for the import.
    import tomllib

    if not path.is_file():
        raise ProjectError("There is no settings.toml.", str(path), "run the command in the project's folder")
    text = path.read_text()
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"settings.toml is not valid TOML: {error}.", path.name, "mend that line") from None
    settings = read(Settings, table, Source(path.name, text))
    sized = {name: _sized(name, one, table["environments"][name]) for name, one in settings.environments.items()}
    return settings._replace(environments=sized)


def _sized(name: str, environment: Environment, given: Mapping[str, Any]) -> Environment:
    mwaa = environment.mwaa
    if mwaa is None or (mwaa.environment_class is None and name == REHEARSAL):
        return environment
    kind = mwaa.environment_class or DEFAULT_CLASS
    known = environment._replace(mwaa=mwaa._replace(environment_class=kind))
    filled = _filled(known, given, defaults(kind))
    return _filled(filled, given, derive(filled.size)) if filled.size else filled


def _filled(environment: Environment, given: Mapping[str, Any], values: Mapping[str, Value]) -> Environment:
    for name, value in values.items():
        table, key = name.split(".", 1)
        # Airflow's options are not settings of ours: scripts/options.py adds them, by their version's names.
        if table != "airflow" and key not in given.get(table, {}):
            part = getattr(environment, table)._replace(**{key: value.value})
            environment = environment._replace(**{table: part})
    return environment


@cache
def runtime() -> Runtime:
    """Return the environment that this copy of the DAG folder was built for.

    Raises:
        ProjectError: in the source tree, where nothing has been built.
    """
    if not SHIPPED.is_file():
        raise ProjectError(
            "This DAG folder was not built.", str(SHIPPED), "parse build/<environment>/dags, made by `mwaa build`"
        )
    text = SHIPPED.read_text()
    return read(Runtime, json.loads(text), Source(SHIPPED.name, text))


def shipped(name: str, environment: Environment) -> str:
    """Return the text of the settings.json that goes with the DAGs of an environment.

    How the environment is made is left out: no DAG asks for it, and a change of it is no new release.
    """
    mwaa = environment.mwaa and Mwaa(environment.mwaa.name)
    known = environment._replace(mwaa=mwaa, network=None, alarms=None)
    return json.dumps(as_table(Runtime(name, known)), indent=2, sort_keys=True) + "\n"


def dbt_executable() -> str:
    """Return the dbt that startup.sh built in this container."""
    home = os.environ.get("AIRFLOW_HOME", "/usr/local/airflow")
    return os.environ.get("MWAA_DBT_EXECUTABLE", f"{home}/dbt-venv/current/bin/dbt")


def dbt_status() -> str:
    """Return what startup.sh says of its work, or that it never ran."""
    return os.environ.get("MWAA_DBT_STATUS", "failed: startup.sh did not run in this container")


def container_digest() -> str:
    """Return the digest of what this container was started with; empty if startup.sh did not say."""
    return os.environ.get("MWAA_DBT_CONTAINER", "")
