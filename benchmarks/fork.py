"""What each task process pays to get its DAG, with and without what plugins/preload.py loads before the fork."""

from __future__ import annotations

import os

from benchmarks.airflow import Way, compare_ways, place, stock
from benchmarks.measure import Options, Result
from scripts.paths import Paths

LAZY = {"AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "True", "AIRFLOW__CORE__PLUGINS_FOLDER": os.devnull}
# One task's process knows which it is, as Airflow tells it.
TASK = {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": "jaffle_shop", "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "jaffle_shop.orders.run"}


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure from the fork to the DAG of dags/jaffle_shop.py."""
    where = place(paths, options)
    ours = where.dags / "jaffle_shop.py"
    plain, manifest = stock(where, where.folder / "jaffle_shop", where.manifest("jaffle_shop"))
    ways: dict[str, Way] = {
        "stock Cosmos, manifest": (plain, {**manifest, **LAZY}),
        "dags/jaffle_shop.py, no preload": (ours, {**TASK, **LAZY}),
        "dags/jaffle_shop.py": (ours, TASK),
    }
    return [compare_ways("From the fork of a task process to its DAG", where, "fork", ways)]
