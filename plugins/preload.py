"""Import what every dbt task needs once, in the process that tasks are forked from.

With core.lazy_load_plugins = False Airflow loads plugins before it forks, and the forks share the modules: a task
then has its DAG in a twentieth of the time (docs/performance.md). On Airflow 2 nothing is imported: there MWAA starts
a Python of its own for each task (core.execute_tasks_new_python_interpreter), and this would be for nothing.
"""

import gc
import importlib

import jinja2
from airflow import __version__
from airflow.plugins_manager import AirflowPlugin

NEEDED = (
    "airflow.dag_processing.dagbag",
    "airflow.sdk.lineage",
    "cosmos.airflow.task_group",
    "cosmos.dbt.selector",
    "cosmos.operators.watcher",
    "cosmos.profiles",
    "cron_descriptor",
    "jinja2.ext",
)
# The first two as Airflow 3.0 has them.
OLDER = ("airflow.models.dagbag", "airflow.lineage.hook", *NEEDED[2:])


def load(names: tuple[str, ...]) -> None:
    """Import modules."""
    for name in names:
        importlib.import_module(name)


def settle() -> None:
    """Spare each task what it would do first, and what it would copy."""
    # It would read Jinja's grammar.
    jinja2.Environment(autoescape=True).from_string("{{ any }}")
    # Its first garbage collection would touch, and so copy, all that it shares.
    gc.collect()
    gc.freeze()


def load_once() -> None:
    """Import all, and make the listeners that each task asks for: that executes each plugin, and this file, again."""
    from airflow.sdk.listener import get_listener_manager

    load(NEEDED)
    if "preloaded" not in vars(get_listener_manager):
        vars(get_listener_manager)["preloaded"] = True
        get_listener_manager()
        settle()


if __version__.startswith("3.0."):
    # Its core and tasks share their listeners: made now, they would lack those of the plugins that come after this.
    load(OLDER)
    settle()
elif not __version__.startswith("2."):
    load_once()


class Preload(AirflowPlugin):
    """Name the plugin; importing this file is all it does."""

    name = "preload"
