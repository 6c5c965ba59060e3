"""Parse a DAG file, in a new process or in a fork of one that has imported what a worker has.

Called as parse.py process|fork|tasks <DAG file> <answer file>. The answer is JSON: wall and CPU seconds, what of
them the DAG file took after the imports of Airflow and Cosmos, memory in MB and the number of tasks; or, of tasks,
only their ids.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def load(file: Path) -> Any:
    """Return the one DAG of the file, loaded as Airflow's task runner does (3.3.1, task_runner.py, parse)."""
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(file, safe_mode=False, load_op_links=False, bundle_path=file.parent)
    if bag.import_errors:
        sys.exit("\n".join(bag.import_errors.values()))
    (dag,) = bag.dags.values()
    return dag


def in_process(file: Path) -> dict[str, float]:
    """Measure a parser's new process."""
    begun = time.monotonic()
    for name in ("airflow.dag_processing.dagbag", "cosmos.operators.watcher", "cosmos.profiles"):
        importlib.import_module(name)
    imported = time.monotonic()
    dag = load(file)
    ended = time.monotonic()
    return {
        "seconds": ended - begun,
        "CPU": _cpu(),
        "DAG file": ended - imported,
        # getrusage's maximum would be that of the process that started this one, if it was larger.
        "peak MB": _megabytes("status", "VmHWM"),
        "tasks": len(dag.tasks),
    }


def in_fork(file: Path) -> dict[str, float]:
    """Measure a task's process, which is the child, up to its DAG."""
    begun, cpu = time.monotonic(), _cpu()
    dag = load(file)
    seconds, used = time.monotonic() - begun, _cpu() - cpu
    peak, own = _megabytes("status", "VmHWM"), _megabytes("smaps_rollup", "Private_")
    return {"seconds": seconds, "CPU": used, "peak MB": peak, "own MB": own, "tasks": len(dag.tasks)}


def _megabytes(file: str, field: str) -> int:
    """Return the sum of this process's fields that begin so; `own` memory is what it shares with nobody."""
    lines = Path("/proc/self", file).read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(field)) // 1024


def _cpu() -> float:
    # With that of programs it started and waited for, such as dbt.
    return sum(os.times()[:4])


def main(kind: str, file: Path, answer: Path) -> None:
    """Measure and write the answer."""
    if kind == "process":
        answer.write_text(json.dumps(in_process(file)))
        return
    if kind == "tasks":
        answer.write_text(json.dumps({"ids": load(file).task_ids}))
        return
    # `import airflow` loads the plugins, if they are not lazy.
    for name in ("airflow", "airflow.sdk.execution_time.supervisor", "airflow.sdk.execution_time.task_runner"):
        importlib.import_module(name)
    if pid := os.fork():
        os.waitpid(pid, 0)
    else:
        answer.write_text(json.dumps(in_fork(file)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
