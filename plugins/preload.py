"""Import what every dbt task needs once, in the process that tasks are forked from.

With core.lazy_load_plugins = False Airflow loads plugins before it forks, and the forks share the modules: a task
then has its DAG in a fifth of the time (docs/performance.md).
"""

import importlib

from airflow.plugins_manager import AirflowPlugin

for _name in (
    "cosmos",
    "cosmos.operators.watcher",
    "cosmos.profiles",
    "airflow.providers.amazon.aws.fs.s3",
    "airflow.sdk.lineage",
    "airflow.dag_processing.dagbag",
    "cron_descriptor",
):
    importlib.import_module(_name)


class Preload(AirflowPlugin):
    """Name the plugin; importing this file is all it does."""

    name = "preload"
