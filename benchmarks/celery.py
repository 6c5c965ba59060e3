"""The same whole DAG runs on MWAA's executor: Celery with one worker of five slots, SQS and PostgreSQL."""

from __future__ import annotations

from benchmarks.measure import Options, Result
from benchmarks.run import measure_on
from scripts.paths import Paths


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure on CeleryExecutor."""
    return measure_on(paths, options, "celery")
