"""A dbt project as a DAG with Cosmos as its own documentation shows it, without anything of ours.

What differs from one measurement to the next stands in the variable BENCHMARK, or in a JSON file beside this one.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from airflow.sdk import DAG
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode
from cosmos.profiles import SnowflakeUserPasswordProfileMapping

file = Path(__file__)
given = json.loads(os.environ.get("BENCHMARK") or file.with_suffix(".json").read_text())
project, manifest = Path(given["project"]), given["manifest"] or None

with DAG(file.stem, schedule=None, start_date=datetime(2026, 1, 1), catchup=False) as dag:
    DbtTaskGroup(
        project_config=ProjectConfig(dbt_project_path=project, manifest_path=manifest),
        profile_config=ProfileConfig(
            profile_name=project.name,
            target_name="local",
            profile_mapping=SnowflakeUserPasswordProfileMapping(
                "snowflake_default", {"schema": "PUBLIC", **given.get("profile", {})}
            ),
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode(given.get("mode", "watcher")),
            dbt_executable_path=given["dbt"],
            invocation_mode=InvocationMode.SUBPROCESS,
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST if manifest else LoadMode.DBT_LS,
            dbt_executable_path=given["dbt"],
            invocation_mode=InvocationMode.SUBPROCESS,
        ),
    )
