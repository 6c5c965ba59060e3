"""Fork as Airflow's workers do, before and after a newer release came, and tell whose code each task has.

Called with the folder of the reader, the digest of the newer release, and a file descriptor for the answer.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from airflow import settings
from airflow.configuration import conf

settings.initialize()
from airflow.sdk.execution_time.supervisor import ActivitySubprocess  # noqa: E402

# Airflow has put it on the path.
plugin = importlib.import_module("release")
store = Path(conf.get("core", "dags_folder"), "dbt")


def task() -> dict[str, Any]:
    """Open the release in a fork, as a stub does, and tell whose code it has, and whether that was there before."""
    reader, writer = os.pipe()
    if not os.fork():
        before = sys.modules.get("mwaa_dbt")
        sys.path.insert(0, sys.argv[1])
        opened = __import__("reader").open_release(store)
        import mwaa_dbt

        found = {"release": opened.name, "own": str(opened) in str(mwaa_dbt.__file__), "shared": mwaa_dbt is before}
        os.write(writer, json.dumps(found).encode())
        os._exit(0)
    os.wait()
    return dict(json.loads(os.read(reader, 10_000)))


kept: dict[str, int] = {}
plugin.import_newest(kept)
tasks = [task()]
plugin.import_newest(kept)
tasks.append(task())
(store / "current.json").write_text(json.dumps({"releases": [sys.argv[2]]}))
tasks.append(task())
plugin.import_newest(kept)
tasks.append(task())
(store / "current.json").write_text("{")
plugin.import_newest(kept)
answer = {
    "tasks": tasks,
    "path": [entry for entry in sys.path if entry.startswith(os.environ["MWAA_DBT_HOME"])],
    "wrapped": hasattr(ActivitySubprocess.start, "__wrapped__"),
}
os.write(int(sys.argv[3]), json.dumps(answer).encode())
