"""What each task process pays to get its DAG, with and without what plugins/preload.py loads before the fork."""

from __future__ import annotations

import os
from collections.abc import Mapping

from benchmarks.airflow import Way, compare_ways, task_ids
from benchmarks.growth import with_slopes
from benchmarks.measure import Options, Result, stack
from benchmarks.subject import Subject, subjects
from scripts.paths import Paths

LAZY = {"AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "True", "AIRFLOW__CORE__PLUGINS_FOLDER": os.devnull}


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure from the fork to the DAG, at each size."""
    results = {
        subject.models: compare_ways("", subject.where, "fork", _ways(subject)) for subject in subjects(paths, options)
    }
    return [with_slopes(stack("From the fork of a task process to its DAG", results))]


def _ways(subject: Subject) -> dict[str, Way]:
    plain, manifest = subject.manifest
    dag, project = subject.ours
    task = {**project, **_as_task(subject)}
    return {
        "stock Cosmos, manifest": (plain, {**manifest, **LAZY}),
        "dbt_group, no preload": (dag, {**task, **LAZY}),
        "dbt_group": (dag, task),
    }


def _as_task(subject: Subject) -> Mapping[str, str]:
    """Return what a task's process knows: which one it is, as Airflow tells it."""
    ids = task_ids(subject.where, subject.ours)
    # Amid the project's models, which have nearly all of the tasks.
    return {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": "ours", "_AIRFLOW_PARSING_CONTEXT_TASK_ID": ids[len(ids) // 2]}
