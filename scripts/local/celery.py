"""MWAA's executor: Celery workers that take their tasks from one queue of SQS.

The values are those of MWAA's image (3.2.1 and 3.3.1, python/mwaa/config/airflow.py and celery.py).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mwaa_dbt import sizing
from mwaa_dbt.errors import ProjectError
from scripts.local import postgres
from scripts.local.executor import Executor
from scripts.local.state import ACCOUNT, ENVIRONMENT, Rehearsal

READY = re.compile(r"celery@\S+ ready\.")
VISIBILITY = 43200  # seconds: MWAA's twelve hours, after which SQS would hand out a task again


def queue(rehearsal: Rehearsal) -> str:
    """Return the name of the environment's one queue; MWAA's role may use airflow-celery-* only."""
    return f"airflow-celery-{rehearsal.environment}"


def defaults(executor: Executor) -> dict[str, str]:
    """Return the options that MWAA derives from workers and slots, which a configuration option may change."""
    # Of all workers that the environment may have, and per scheduler, of which the rehearsal has one (MWAA's user
    # guide, best practices for tuning).
    most = max(executor.workers, int(sizing.defaults(sizing.DEFAULT_CLASS)["mwaa.max_workers"].value))
    return {"core.parallelism": str(math.ceil(most * executor.slots * 1.5))}


def forced(rehearsal: Rehearsal, folder: Path, options: Mapping[str, str]) -> dict[str, str]:
    """Return the options that MWAA sets for its executor, whatever anybody says.

    Args:
        rehearsal: where broker and database run.
        folder: the rehearsal's own.
        options: the environment's; Celery's further configuration among them is kept, as on MWAA.
    """
    name, database = queue(rehearsal), postgres.url(rehearsal, folder)
    broker = {
        "predefined_queues": {name: {"url": f"{rehearsal.url('aws')}/{ACCOUNT}/{name}"}},
        "is_secure": False,
        "region": rehearsal.region,
        "visibility_timeout": VISIBILITY,
    }
    return {
        "core.executor": "CeleryExecutor",
        "celery.broker_url": rehearsal.url("aws").replace("http://", "sqs://"),
        "celery.extra_celery_config": json.dumps({**_further(options), "broker_transport_options": broker}),
        "celery.result_backend": f"db+{database}",
        "celery.worker_autoscale": f"{rehearsal.executor.slots},0",
        "celery.worker_enable_remote_control": "False",
        "database.sql_alchemy_conn": database,
        "operators.default_queue": name,
    }


def starts(log: Path) -> int:
    """Count in a worker's log how often it has said that it takes tasks."""
    return len(READY.findall(log.read_text(errors="replace"))) if log.is_file() else 0


def started(log: Path, before: int) -> bool:
    """Say whether a worker takes tasks that had begun to do so `before` times when it was launched."""
    return starts(log) > before


def _further(options: Mapping[str, str]) -> dict[str, Any]:
    text = options.get("celery.extra_celery_config", "{}")
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        raise ProjectError(
            f"celery.extra_celery_config is no JSON object: {text!r}",
            f"settings.toml, [environments.{ENVIRONMENT}.airflow]",
            "write it as '{\"task_track_started\": true}', or leave it out",
        ) from None


def command(airflow: Path, folder: Path, name: str) -> list[object]:
    """Return the command of a worker; it has a file for its pid, since all share one home."""
    # Logs are read from the disk that all share; a server for them would want a port per worker.
    return [airflow, "celery", "worker", "--skip-serve-logs", "--pid", folder / f"{name}.pid"]
