"""What all of Cosmos' operators in a dbt group are given."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from cosmos.constants import InvocationMode

from mwaa_dbt.airflow_sdk import DAG, TaskGroup
from mwaa_dbt.profile import profile_config
from mwaa_dbt.project import Unpacked
from mwaa_dbt.settings import dbt_executable, runtime

FULL_REFRESH = "{{ params.full_refresh }}"


def common(group: TaskGroup, release: Unpacked) -> dict[str, Any]:
    """Return the arguments that every task that may run dbt has."""
    return {
        "profile_config": profile_config(release.name, runtime()),
        "project_dir": str(release.folder),
        "manifest_filepath": str(release.manifest),
        "dbt_executable_path": dbt_executable(),
        "invocation_mode": InvocationMode.SUBPROCESS,
        "install_deps": False,
        "emit_datasets": False,
        "vars": "{{ params.vars | tojson }}",
        # Without it Cosmos leaves dbt's partial parse out, and dbt parses in full.
        "cache_dir": _cache(group),
    }


def _cache(group: TaskGroup) -> Path:
    name = f"{group.dag.dag_id}__{group.group_id}".replace(".", "__")
    folder = Path(tempfile.gettempdir(), "cosmos", name)
    (folder / "target").mkdir(parents=True, exist_ok=True)
    return folder


def retries(dag: DAG) -> dict[str, Any]:
    """Return how a task that builds tries again: as the DAG says, else settings.toml."""
    tasks = runtime().environment.tasks
    ours = {"retries": tasks.retries, "retry_delay": timedelta(seconds=tasks.retry_delay)}
    return {name: dag.default_args.get(name, value) for name, value in ours.items()}
