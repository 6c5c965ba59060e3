"""The environment of Airflow's processes: MWAA's, in MWAA's order of precedence."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from scripts.local import celery
from scripts.local.state import Rehearsal
from scripts.options import MWAA_DEFAULTS, MWAA_FORCED, as_variables

# What one machine needs otherwise: no IAM login, quick parsing, and no run but the asked one.
REHEARSAL = {
    "core.auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
    "core.simple_auth_manager_all_admins": "True",
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
    options = MWAA_DEFAULTS | (celery.defaults(executor) if executor.on_celery else {})
    return {**container, **as_variables(options), **aws, **rehearsal.proxy()}


def airflow_environment(
    started: Mapping[str, str], options: dict[str, str], rehearsal: Rehearsal, folder: Path
) -> dict[str, str]:
    """Return what Airflow's processes get: startup.sh's exports, then options, then what MWAA forces."""
    url = rehearsal.url("airflow")
    forced = {
        **MWAA_FORCED,
        **REHEARSAL,
        **_keys(folder),
        **_executor(options, rehearsal, folder),
        "api.base_url": url,
        "api.host": "127.0.0.1",
        "api.port": str(rehearsal.ports["airflow"]),
        "api.workers": "1",
        "core.execution_api_server_url": f"{url}/execution/",
        "logging.base_log_folder": f"{started['AIRFLOW_HOME']}/logs",
    }
    return {**started, **as_variables(options), **as_variables(forced)}


def _executor(options: Mapping[str, str], rehearsal: Rehearsal, folder: Path) -> dict[str, str]:
    if rehearsal.executor.on_celery:
        return celery.forced(rehearsal, folder, options)
    return {
        "core.executor": "LocalExecutor",
        "core.parallelism": "16",
        "database.sql_alchemy_conn": f"sqlite:///{folder / 'airflow.db'}",
    }


def _keys(folder: Path) -> dict[str, str]:
    """Return the environment's own keys, the same for all its containers: they share the metadata database."""
    file = folder / "keys.json"
    if not file.is_file():
        keys = {
            "api.secret_key": secrets.token_hex(16),
            "api_auth.jwt_secret": secrets.token_hex(32),
            "core.fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(keys))
    return dict(json.loads(file.read_text()))
