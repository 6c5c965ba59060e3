"""Parse DAG files as Airflow's processes do, in Airflow's Python, each in a fork, and tell what came of it.

Each line that comes in is JSON: the release's `folder` of stubs and its `home`, the `file`, and for a task's process
`dag` and `task`; without, it is the DAG processor's. The answer is a line of JSON, to the
file descriptor that it is called with.
"""

import inspect
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import cosmos.operators.watcher
import cosmos.profiles  # noqa: F401 - what they do at import is their own

try:
    from airflow.dag_processing.dagbag import BundleDagBag, DagBag
    from airflow.serialization.serialized_objects import DagSerialization
except ImportError:
    # Before Airflow 3.2.
    from airflow.models.dagbag import DagBag

    BundleDagBag = DagBag
    from airflow.serialization.serialized_objects import SerializedDAG as DagSerialization
try:
    from airflow.sdk.definitions._internal.dag_parsing_context import _airflow_parsing_context_manager
except ImportError:
    from airflow.utils.dag_parsing_context import _airflow_parsing_context_manager

BARRED = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "sqlite3.")


class Ears:
    """Notes what a parse opens below a folder, and what it must not do, as Python's audit hook."""

    def __init__(self, home: str) -> None:
        self.home, self.opened, self.barred = f"{home}/", Counter[str](), list[str]()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be the hook."""
        if event == "open" and str(arguments[0]).startswith(self.home):
            self.opened[str(arguments[0]).removeprefix(self.home)] += 1
        elif event.startswith(BARRED):
            self.barred.append(f"{event} {arguments}")


def parse(folder: Path, file: str, dag: str | None = None, task: str | None = None) -> dict[str, Any]:
    """Return the file's DAGs, and what was opened and done."""
    ears = Ears(os.environ["MWAA_DBT_HOME"])
    sys.addaudithook(ears)
    with _airflow_parsing_context_manager(dag, task):
        bag = BundleDagBag(folder / file, safe_mode=False, load_op_links=False, **bundle(folder))
    opened, barred = dict(ears.opened), list(ears.barred)
    return {
        "dags": {name: {task.task_id: said(task) for task in one.tasks} for name, one in bag.dags.items()},
        "errors": list(bag.import_errors.values()),
        "opened": opened,
        "barred": barred,
        "serialized": {} if task else {name: DagSerialization.to_dict(one) for name, one in bag.dags.items()},
    }


def bundle(folder: Path) -> dict[str, Any]:
    """Return what a DAG bag is told of the bundle: Airflow 2 has none, and 3.0 does not name it."""
    known = {"bundle_path": folder, "bundle_name": "dags"}
    return {name: known[name] for name in known if name in inspect.signature(DagBag).parameters}


def said(task: Any) -> str:
    """Return what a task is for: its node's unique id, or what its documentation says."""
    return str(getattr(task, "extra_context", {}).get("dbt_node_config", {}).get("unique_id") or task.doc or "")


def forked(folder: str, home: str, **question: str) -> dict[str, Any]:
    """Parse in a child, and return what it says and logs."""
    with tempfile.TemporaryFile("w+") as answer, tempfile.TemporaryFile("w+") as log:
        if not (child := os.fork()):
            os.environ["MWAA_DBT_HOME"] = home
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            json.dump(parse(Path(folder), **question), answer)
            answer.flush()
            os._exit(0)
        os.waitpid(child, 0)
        answer.seek(0)
        log.seek(0)
        return {**json.load(answer), "log": log.read()}


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), "w") as answers:
        for line in sys.stdin:
            print(json.dumps(forked(**json.loads(line))), file=answers, flush=True)
