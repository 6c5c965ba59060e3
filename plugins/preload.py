"""Import what every dbt task needs once, in the process that tasks are forked from.

With core.lazy_load_plugins = False Airflow loads plugins before it forks, and the forks share the modules: a task
then has its DAG in a twentieth of the time (docs/performance.md).
"""

import gc
import importlib

import jinja2
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.listener import get_listener_manager

for _name in (
    "airflow.dag_processing.dagbag",
    "airflow.sdk.lineage",
    "cosmos.airflow.task_group",
    "cosmos.dbt.selector",
    "cosmos.operators.watcher",
    "cosmos.profiles",
    "cron_descriptor",
    "jinja2.ext",
):
    importlib.import_module(_name)

# Airflow executes this file twice, for the core and for tasks; the second time it is within the call of below.
if "preloaded" not in vars(get_listener_manager):
    vars(get_listener_manager)["preloaded"] = True
    # Or the first task of each process would load all plugins again, and read Jinja's grammar.
    get_listener_manager()
    jinja2.Environment(autoescape=True).from_string("{{ any }}")
    # Or the first garbage collection of each task would touch, and so copy, all that it shares.
    gc.collect()
    gc.freeze()


class Preload(AirflowPlugin):
    """Name the plugin; importing this file is all it does."""

    name = "preload"
