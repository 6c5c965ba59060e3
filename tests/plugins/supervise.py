"""Supervise a task's process that closes its sockets a moment before it ends, in Airflow's Python.

Called with the version that Airflow shall have, and a file descriptor for the answer: the seconds that the process and
its supervisor took, and the calls that the supervisor made.
"""

import importlib
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import airflow
from airflow.sdk.api.client import Client
from airflow.sdk.api.datamodels._generated import BundleInfo, DagRun, TaskInstance
from airflow.sdk.execution_time.supervisor import ActivitySubprocess

LEFT = 0.3  # seconds between the last socket and the end
NONE = ("data_interval_start", "data_interval_end", "end_date", "partition_key", "logical_date")
MOMENT = {"start_date": "2026-01-01T00:00:00Z", "run_after": "2026-01-01T00:00:00Z"}
RUN = {"dag_id": "b", "run_id": "c", "run_type": "manual", "state": "running", "consumed_asset_events": [], **MOMENT}
ALL = {**RUN, **dict.fromkeys(NONE)}
# Versions of Airflow refuse what they do not know.
CONTEXT = {
    "dag_run": {name: value for name, value in ALL.items() if name in DagRun.model_fields},
    "max_tries": 0,
    "should_retry": False,
}
calls: list[str] = []


class Server(BaseHTTPRequestHandler):
    """The API server, as far as a supervisor asks it."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        calls.append(self.path.rsplit("/", 1)[-1])
        text = json.dumps(CONTEXT).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_PATCH = do_PUT = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def unlucky() -> None:
    """End as a process does whose end comes just after its supervisor has looked."""
    os.closerange(0, 1000)
    time.sleep(LEFT)
    os._exit(0)


airflow.__version__ = sys.argv[1]
importlib.import_module("supervisor")
server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = Client(base_url=f"http://127.0.0.1:{server.server_port}/", token="")
task = TaskInstance(id=uuid4(), dag_version_id=uuid4(), task_id="a", dag_id="b", run_id="c", try_number=1)
begun = time.monotonic()
process = ActivitySubprocess.start(
    what=task, dag_rel_path=Path("a.py"), bundle_info=BundleInfo(name="b"), client=client, target=unlucky
)
process.wait()
os.write(int(sys.argv[2]), json.dumps({"seconds": time.monotonic() - begun, "calls": calls}).encode())
