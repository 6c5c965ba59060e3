"""A dbt project as a DAG with Cosmos as its own documentation shows it, without anything of ours."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from airflow.sdk import DAG
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode
from cosmos.profiles import SnowflakeUserPasswordProfileMapping

project = Path(os.environ["BENCHMARK_PROJECT"])
manifest = os.environ["BENCHMARK_MANIFEST"] or None
dbt = os.environ["BENCHMARK_DBT"]

with DAG("stock", schedule=None, start_date=datetime(2026, 1, 1), catchup=False) as dag:
    DbtTaskGroup(
        project_config=ProjectConfig(dbt_project_path=project, manifest_path=manifest),
        profile_config=ProfileConfig(
            profile_name=project.name,
            target_name="local",
            profile_mapping=SnowflakeUserPasswordProfileMapping("snowflake_default", {"schema": "PUBLIC"}),
        ),
        execution_config=ExecutionConfig(execution_mode=ExecutionMode.WATCHER, dbt_executable_path=dbt),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST if manifest else LoadMode.DBT_LS,
            dbt_executable_path=dbt,
            invocation_mode=InvocationMode.SUBPROCESS,
        ),
    )
