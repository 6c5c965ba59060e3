"""Execute a HooksOperator, in Airflow's Python: run_operator.py <kind> <what a test says, as JSON>."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from cosmos import ProfileConfig
from cosmos.constants import InvocationMode

from mwaa_dbt.airflow_sdk import DAG, TaskGroup
from mwaa_dbt.hooks import HooksOperator, Kind, has_hooks

kind: Kind = "start" if sys.argv[1] == "start" else "end"
given = json.loads(sys.argv[2])
folder = Path(given["folder"])
with DAG("shops", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)), TaskGroup("shop"):
    task = HooksOperator(
        kind=kind,
        results=lambda context: given["results"],
        profile_config=ProfileConfig(
            profile_name="shop", target_name="local", profiles_yml_filepath=f"{given['profiles']}/profiles.yml"
        ),
        project_dir=str(folder),
        dbt_executable_path=given["executable"],
        cache_dir=folder.with_name("cache"),
        manifest_filepath=str(folder / "manifest.json"),
        invocation_mode=InvocationMode.SUBPROCESS,
        install_deps=False,
        select="stg_orders orders",
        vars=given["vars"],
        # What the group's other tasks are given; here the operator knows better.
        env={"MWAA_DBT_HOOKS": "off"},
    )
print(f"has_hooks={has_hooks(folder, kind)} without={has_hooks(folder / 'models', kind)} task_id={task.task_id}")
start = datetime(2026, 11, 21, 5, 0, 3, 123456, tzinfo=UTC)
run = SimpleNamespace(dag_id="shops", run_id="manual__1", start_date=start)
# Airflow 2 is asked what it has rendered of the task instance: none here.
task.execute({"dag_run": run, "run_id": run.run_id, "ti": None})
