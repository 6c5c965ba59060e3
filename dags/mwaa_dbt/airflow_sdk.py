"""The names of airflow.sdk on each Airflow that MWAA offers: Airflow 2 has none of them there, 3.0 not all.

For this package alone; a DAG file says `from airflow import DAG`, which is right on each of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from airflow import __version__

if TYPE_CHECKING:
    from airflow.sdk import *  # noqa: F403 - the same names
    from airflow.sdk.definitions.param import *  # noqa: F403
    from airflow.sdk.exceptions import *  # noqa: F403

AIRFLOW_2, AIRFLOW_3_0 = __version__.startswith("2."), __version__.startswith("3.0.")
SDK = "airflow.sdk"
ERRORS = ("airflow.sdk.exceptions", "airflow.exceptions")
OPERATORS = (SDK, "airflow.models.baseoperator")
# Newest first; some of 3.0 are where 2 has them, after a colon what 2 calls otherwise.
HOMES = {
    "AirflowException": ERRORS,
    "AirflowFailException": ERRORS,
    "AirflowSkipException": ERRORS,
    "Asset": (SDK, "airflow.datasets:Dataset"),
    "BaseHook": (SDK, "airflow.hooks.base"),
    "BaseOperator": OPERATORS,
    "DAG": (SDK, "airflow.models.dag"),
    "DownstreamTasksSkipped": ERRORS,
    "DuplicateTaskIdFound": ERRORS,
    "Param": (SDK, "airflow.models.param"),
    "ParamsDict": ("airflow.sdk.definitions.param", "airflow.models.param"),
    "TaskGroup": (SDK, "airflow.utils.task_group"),
    "TaskInstanceState": (SDK, "airflow.utils.state"),
    "TriggerRule": (SDK, "airflow.utils.trigger_rule"),
    "chain": OPERATORS,
    "get_parsing_context": (SDK, "airflow.utils.dag_parsing_context"),
    "task": (SDK, "airflow.decorators"),
}


def __getattr__(name: str) -> Any:
    """Return what Airflow 3 has in airflow.sdk, looked up when it is first asked for, as there."""
    if name.startswith("_"):
        raise AttributeError(name)
    for home in HOMES.get(name, (SDK,)):
        try:
            module, _, other = home.partition(":")
            value = getattr(importlib.import_module(module), other or name)
        except (ImportError, AttributeError):
            continue
        globals()[name] = value
        return value
    # Python would replace an AttributeError's words by its own.
    raise ImportError(f"Airflow {__version__} has no airflow.sdk.{name}; import it from where that version has it")
