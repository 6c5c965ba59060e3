"""Airflow configuration options: what MWAA forces and defaults to, and what this project sets, each with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mwaa_dbt import sizing
from mwaa_dbt.settings import Environment
from scripts.connections import folder
from scripts.versions import number

# Of these plugins/supervisor.py frees a task's slot at once.
SUPERVISOR_TRIED = ("3.0.6", "3.2.1", "3.3.1")
SECRETS_BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
SETTINGS = "settings.toml"
# Where dbt's documentation is in the bucket: outside of dags/, for it is the web server's, not each container's.
DOCS = "docs"
# That of dags/.airflowignore.
IGNORE_SYNTAX = "glob"

# MWAA's defaults that a configuration option or startup.sh may change (its images, config/airflow.py).
MWAA_DEFAULTS = {
    "core.execute_tasks_new_python_interpreter": "True",
    "core.sensitive_var_conn_names": "proxy,proxies",
    "scheduler.schedule_after_task_execution": "False",
    "scheduler.task_queued_timeout": "1800.0",
    "usage_data_collection.enabled": "False",
    "api.server_type": "gunicorn",
    "api.worker_refresh_interval": "43200",
    "api.worker_refresh_batch_size": "1",
}
# What MWAA sets whatever anybody says, as far as it means anything on one machine.
MWAA_FORCED = {
    "core.load_examples": "False",
    "core.multi_team": "False",
    "execution_api.jwt_expiration_time": "86400",
    "logging.colored_console_log": "False",
    "scheduler.standalone_dag_processor": "True",
    "triggerer.queues_enabled": "False",
}
# Of both, what the images of earlier versions do not set → the first version whose image does.
SINCE = {
    "api.server_type": "3.2",
    "api.worker_refresh_batch_size": "3.2",
    "api.worker_refresh_interval": "3.2",
    "core.multi_team": "3.2",
    "execution_api.jwt_expiration_time": "3.0",
    "logging.colored_console_log": "3.0",
    "triggerer.queues_enabled": "3.2",
}


@dataclass(frozen=True)
class Option:
    """A configuration option, why it is set so, and where the rule comes from."""

    name: str
    value: str
    reason: str
    source: str


def project_options(environment: Environment, airflow: str = "3") -> dict[str, str]:
    """Return the options this project sets on MWAA, as section.option → value; settings.toml has the last word.

    Args:
        environment: its settings.
        airflow: the version of Airflow; before 3 the workers have no options of their own.
    """
    return {option.name: option.value for option in explained(environment, airflow)}


def explained(environment: Environment, airflow: str = "3") -> list[Option]:
    """Return the same options with their reasons; of one that settings.toml changes, with what it replaces."""
    options = {option.name: option for option in _ours(environment, airflow)}
    for name, value in environment.airflow.items():
        other = options.get(name)
        reason = (
            f"instead of {other.value}: {other.reason}" if other and other.value != value else "an option of your own"
        )
        options[name] = Option(name, value, reason, SETTINGS)
    return [*([] if sizing.is_2(airflow) else _workers(options)), *options.values()]


def _ours(environment: Environment, airflow: str) -> Iterator[Option]:
    lookups = json.dumps(_lookups(environment))
    page = "MWAA user guide, connections-secrets-manager"
    yield Option("secrets.backend", SECRETS_BACKEND, "connections and variables are in Secrets Manager", page)
    yield Option(
        "secrets.backend_kwargs",
        lookups,
        "where they are, and that it is asked for no others: each is a paid call",
        page,
    )
    if sizing.is_2(airflow):
        ignored = "dags/.airflowignore is written in it; Airflow 2 takes it for regular expressions else"
        yield Option("core.dag_ignore_file_syntax", IGNORE_SYNTAX, ignored, "Airflow 3's own default")
    else:
        preload = "tasks share what plugins/preload.py imported, if it is imported before the fork"
        yield Option("core.lazy_load_plugins", "False", preload, "docs/performance.md")
        if airflow not in SUPERVISOR_TRIED:
            slot = "else a slot is held up to 5 s after its task's end"
            yield Option("workers.min_heartbeat_interval", "1", slot, "docs/upstream/supervisor-exit.md")
    wait = "in a private network each call waits for its time-out"
    docs = f"s3://{environment.bucket}/{DOCS}"
    yield Option("cosmos.dbt_docs_dir", docs, "where plugins/docs.py finds dbt's documentation", "docs/lineage.md")
    if sizing.is_2(airflow):
        names = "assets are called as on Airflow 3: what waits for one still does after an upgrade"
        yield Option("cosmos.use_dataset_airflow3_uri_standard", "True", names, "Cosmos, scheduling")
    yield Option("cosmos.enable_telemetry", "False", wait, "Cosmos, configuration")
    if environment.size:
        for name, value in sizing.options(environment.size, airflow).items():
            yield Option(name, str(value.value), value.reason, value.source)


def _workers(options: dict[str, Option]) -> Iterator[Option]:
    """Yield the workers' secrets backend: they take MWAA's kwargs, not ours, unless they are given both."""
    for key in ("backend", "backend_kwargs"):
        if f"workers.secrets_{key}" not in options:
            reason = "workers would take MWAA's own kwargs: both or neither"
            value = options[f"secrets.{key}"].value
            yield Option(f"workers.secrets_{key}", value, reason, "Airflow 3, configuration.py")


def _lookups(environment: Environment) -> dict[str, str | None]:
    """Return which connections and variables the secrets backend is asked for.

    Airflow asks it for every id; the patterns keep aws_default and the variables in which Cosmos keeps a
    producer's state away from it, each of which would be a paid call (amazon provider 9, secrets_manager.py).
    """
    connections = {environment.snowflake.connection, *environment.connections}
    connections |= {environment.slack.connection} if environment.slack else set()
    kwargs: dict[str, str | None] = {
        "connections_prefix": folder(environment),
        "connections_lookup_pattern": _pattern(connections),
        "variables_prefix": None,
        "config_prefix": None,
    }
    if environment.variables:
        kwargs["variables_prefix"] = folder(environment, "variables")
        kwargs["variables_lookup_pattern"] = _pattern(set(environment.variables))
    return kwargs


def _pattern(names: set[str]) -> str:
    return f"^({'|'.join(sorted(map(re.escape, names)))})$"


def of_version(options: Mapping[str, str], airflow: str) -> dict[str, str]:
    """Return those of MWAA's own options that its image of a version sets."""
    return {name: value for name, value in options.items() if number(SINCE.get(name, "2")) <= number(airflow)}


def as_variables(options: dict[str, str]) -> dict[str, str]:
    """Return options as the environment variables that Airflow reads."""
    return {f"AIRFLOW__{name.replace('.', '__', 1).upper()}": value for name, value in options.items()}
