"""Import what every dbt task needs once, in the process that tasks are forked from.

With core.lazy_load_plugins = False Airflow loads plugins before it forks, and the forks share the modules:
2 s of imports per task become none.
"""

import importlib

from airflow.plugins_manager import AirflowPlugin

for _name in (
    "cosmos",
    "cosmos.operators.watcher",
    "cosmos.profiles",
    "airflow.providers.amazon.aws.fs.s3",
    "airflow.sdk.lineage",
):
    importlib.import_module(_name)


class Preload(AirflowPlugin):
    """Name the plugin; importing this file is all it does."""

    name = "preload"
