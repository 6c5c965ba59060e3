"""Airflow configuration options: what MWAA forces, what it defaults to, and what this project sets."""

from __future__ import annotations

import json
import re

from mwaa_dbt import sizing
from mwaa_dbt.settings import Environment
from scripts.connections import folder

# Of these plugins/supervisor.py frees a task's slot at once.
SUPERVISOR_TRIED = ("3.3.1",)
SECRETS_BACKEND = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"

# MWAA's defaults that a configuration option or startup.sh may change (image 3.3.1, config/airflow.py).
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


def project_options(environment: Environment, airflow: str = "3") -> dict[str, str]:
    """Return the options this project sets on MWAA, as section.option → value; settings.toml has the last word.

    Args:
        environment: its settings.
        airflow: the version of Airflow; before 3 the workers have no options of their own.
    """
    options = {
        "secrets.backend": SECRETS_BACKEND,
        "secrets.backend_kwargs": json.dumps(_lookups(environment)),
        # Forked tasks share what plugins/preload.py imported, if it is imported before the fork.
        "core.lazy_load_plugins": "False",
        # Else a slot is held up to 5 s after its task's end (docs/upstream/supervisor-exit.md).
        **({} if airflow in SUPERVISOR_TRIED else {"workers.min_heartbeat_interval": "1"}),
        "cosmos.enable_telemetry": "False",
        **(sizing.options(environment.size, airflow) if environment.size else {}),
        **environment.airflow,
    }
    if airflow.split(".", maxsplit=1)[0] == "2":
        own = environment.airflow
        return {name: value for name, value in options.items() if name in own or not name.startswith("workers.")}
    # Workers take MWAA's kwargs, not ours, unless they are given both (Airflow 3, configuration.py).
    workers = {f"workers.secrets_{name}": options[f"secrets.{name}"] for name in ("backend", "backend_kwargs")}
    return {**workers, **options}


def _lookups(environment: Environment) -> dict[str, str | None]:
    """Return which connections and variables the secrets backend is asked for.

    Airflow asks it for every id; the patterns keep aws_default and the variables in which Cosmos keeps a
    producer's state away from it, each of which would be a paid call (amazon provider 9, secrets_manager.py).
    """
    connections = {environment.snowflake.connection, environment.slack.connection, *environment.connections}
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


def as_variables(options: dict[str, str]) -> dict[str, str]:
    """Return options as the environment variables that Airflow reads."""
    return {f"AIRFLOW__{name.replace('.', '__', 1).upper()}": value for name, value in options.items()}
