"""Airflow configuration options that would not be heeded: MWAA sets them itself, or that Airflow calls them otherwise.

The names are those of MWAA's image (python/mwaa/config/airflow.py and celery.py, 2.11.2 to 3.3.1), the form of keys and
values that of its API (botocore, mwaa/2020-07-01).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.sizing import MOVED, is_2
from mwaa_dbt.tables import Source

KEY = re.compile(r"[a-z]+([a-z0-9._]*[a-z0-9_]+)?")
LONGEST_KEY, LONGEST_VALUE = 64, 65_536  # characters
PRINTABLE = re.compile(r"[ -~]+")
ANY = [
    "celery.broker_url",
    "celery.celery_config_options",
    "celery.result_backend",
    "celery.worker_enable_remote_control",
    "celery_broker_transport_options.visibility_timeout",
    "core.executor",
    "core.fernet_key",
    "core.load_examples",
    "database.sql_alchemy_conn",
    "logging.logging_config_class",
    "metrics.statsd_host",
    "metrics.statsd_on",
    "metrics.statsd_port",
    "metrics.statsd_prefix",
    "operators.default_queue",
    "scheduler.standalone_dag_processor",
]
AIRFLOW_2 = ["webserver.base_url", "webserver.config_file", "webserver.cookie_secure", "webserver.secret_key"]
AIRFLOW_3 = [
    "api.base_url",
    "api.secret_key",
    "api_auth.jwt_algorithm",
    "api_auth.jwt_secret",
    "core.auth_manager",
    "core.database_access_isolation",
    "core.execution_api_server_url",
    "execution_api.jwt_expiration_time",
    "fab.config_file",
    "logging.colored_console_log",
]
BLOCKED = ["core.multi_team", "triggerer.queues_enabled"]  # the API itself refuses these
OVERRIDDEN = {"celery.worker_concurrency": "celery.worker_autoscale"}


@dataclass(frozen=True)
class Refusal:
    """An option that would not be heeded, why, and what to do instead."""

    name: str
    why: str
    fix: str


def refusals(given: Mapping[str, str], airflow: str) -> Iterator[Refusal]:
    """Yield what is wrong with options of settings.toml on a version of Airflow."""
    for name, value in given.items():
        if refusal := _form(name, value) or _heeded(name, airflow):
            yield refusal


def refuse(found: Iterable[Refusal], given: Mapping[str, str], source: Source, environment: str) -> None:
    """Raise ProjectError for the first of these refusals, with the line of settings.toml."""
    for one in found:
        where = source.where(("environments", environment, "airflow", one.name))
        raise ProjectError(f"Option {one.name} = {given[one.name]!r} would not be heeded: {one.why}.", where, one.fix)


def _form(name: str, value: str) -> Refusal | None:
    section, _, option = name.partition(".")
    if not (section and option and KEY.fullmatch(name)):
        return Refusal(name, "MWAA takes section.option in lower case", 'write it as "core.parallelism" is written')
    if len(name) > LONGEST_KEY:
        return Refusal(name, f"MWAA takes {LONGEST_KEY} characters, it has {len(name)}", "export it in startup.sh")
    if not PRINTABLE.fullmatch(value):
        return Refusal(name, "MWAA takes printable ASCII, and not nothing", "mend its value, or leave it out")
    if len(value) > LONGEST_VALUE:
        return Refusal(name, f"MWAA takes {LONGEST_VALUE} characters, it has {len(value)}", "shorten it")
    return None


def _heeded(name: str, airflow: str) -> Refusal | None:
    old = is_2(airflow)
    if name in BLOCKED and not old:
        return Refusal(name, "MWAA's API refuses it", "leave it out")
    if name in ANY or name in (AIRFLOW_2 if old else AIRFLOW_3):
        return Refusal(name, "MWAA sets it, whatever anybody says", "leave it out")
    if name in OVERRIDDEN:
        return Refusal(name, f"{OVERRIDDEN[name]} wins", f'write "{OVERRIDDEN[name]}" instead')
    renamed = MOVED if old else {before: after for after, before in MOVED.items()}
    if name in renamed:
        return Refusal(name, f"Airflow {airflow} knows it as {renamed[name]}", f'write "{renamed[name]}" instead')
    return None
