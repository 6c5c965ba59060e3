"""Import what every dbt task needs once, in the process that tasks are forked from.

With core.lazy_load_plugins = False Airflow loads plugins before it forks, and the forks share the modules: a task
then has its DAG in a twentieth of the time (docs/performance.md).
"""

import gc
import importlib

from airflow.plugins_manager import AirflowPlugin

for _name in (
    "airflow.dag_processing.dagbag",
    "airflow.sdk.lineage",
    "cosmos.airflow.task_group",
    "cosmos.dbt.selector",
    "cosmos.operators.watcher",
    "cosmos.profiles",
    "cron_descriptor",
):
    importlib.import_module(_name)

# Or the first garbage collection of each task would touch, and so copy, all that it shares.
gc.collect()
gc.freeze()


class Preload(AirflowPlugin):
    """Name the plugin; importing this file is all it does."""

    name = "preload"
