"""The environment of Airflow's processes: MWAA's, in MWAA's order of precedence."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from mwaa_dbt.sizing import is_2, option_name
from scripts.local import celery, postgres
from scripts.local.airflow_web import airflow_web
from scripts.local.state import POSTGRES, Rehearsal
from scripts.options import MWAA_DEFAULTS, MWAA_FORCED, as_variables, of_version

# What one machine needs otherwise: quick parsing, and no run but the asked one. An option of settings.toml wins.
REHEARSAL = {
    "core.dags_are_paused_at_creation": "False",
    "dag_processor.refresh_interval": "5",
    # Parsing all files again and again would take a third of a core; scripts/local/sync.py tells what has changed.
    "dag_processor.min_file_process_interval": "30",
    "scheduler.use_job_schedule": "False",
    "scheduler.scheduler_heartbeat_sec": "1",
}


def startup_environment(container: Mapping[str, str], rehearsal: Rehearsal) -> dict[str, str]:
    """Return what startup.sh finds: the container and MWAA's defaults."""
    aws = {
        "AWS_DEFAULT_REGION": rehearsal.region,
        "AWS_REGION": rehearsal.region,
        "AWS_ENDPOINT_URL": rehearsal.url("aws"),
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
    }
    executor = rehearsal.executor
    options = of_version(MWAA_DEFAULTS, rehearsal.airflow) | (celery.defaults(executor) if executor.on_celery else {})
    return {**container, **as_variables(options), **aws, **rehearsal.proxy()}


def airflow_environment(
    started: Mapping[str, str], options: dict[str, str], rehearsal: Rehearsal, folder: Path
) -> dict[str, str]:
    """Return what Airflow's processes get: startup.sh's exports, then options, then what MWAA forces."""
    ours = {option_name(name, rehearsal.airflow): value for name, value in REHEARSAL.items()}
    forced = {
        **of_version(MWAA_FORCED, rehearsal.airflow),
        **_keys(folder, rehearsal.airflow),
        **_executor(options, rehearsal, folder),
        **airflow_web(rehearsal).options(folder),
        "logging.base_log_folder": f"{started['AIRFLOW_HOME']}/logs",
    }
    return {**started, **as_variables(ours), **as_variables(options), **as_variables(forced)}


def _executor(options: Mapping[str, str], rehearsal: Rehearsal, folder: Path) -> dict[str, str]:
    if rehearsal.executor.on_celery:
        return celery.forced(rehearsal, folder, options)
    sqlite = f"sqlite:///{folder / 'airflow.db'}"
    return {
        "core.executor": "LocalExecutor",
        "core.parallelism": "16",
        "database.sql_alchemy_conn": postgres.url(rehearsal, folder) if POSTGRES in rehearsal.ports else sqlite,
    }


def _keys(folder: Path, airflow: str) -> dict[str, str]:
    """Return the environment's own keys, the same for all its containers: they share the metadata database."""
    file = folder / "keys.json"
    if not file.is_file():
        keys = {"core.fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}
        names = ("webserver.secret_key",) if is_2(airflow) else ("api.secret_key", "api_auth.jwt_secret")
        keys |= {name: secrets.token_hex(32) for name in names}
        file.touch(mode=0o600)
        file.write_text(json.dumps(keys))
    return dict(json.loads(file.read_text()))
