"""End DAG runs, one for each line of JSON that comes in, as Airflow's DAG processor does; answer each with a line.

The code is Airflow's: it parses the file, makes the context and calls the callbacks. Only the other end of its socket,
where the supervisor would ask the API server, is here; it knows what the job says.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any, get_args

# Answers go where nothing that logs can write.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import msgspec  # type: ignore[import-not-found]  # noqa: E402
import structlog  # type: ignore[import-not-found]  # noqa: E402
from airflow.callbacks.callback_requests import DagCallbackRequest, DagRunContext  # noqa: E402
from airflow.dag_processing.processor import DagFileParseRequest, ToDagProcessor, ToManager, _parse_file  # noqa: E402
from airflow.sdk.execution_time import comms, task_runner  # noqa: E402
from pydantic import BaseModel, TypeAdapter, ValidationError  # noqa: E402

from mwaa_dbt import archive  # noqa: E402
from mwaa_dbt.airflow_sdk import AIRFLOW_3_0  # noqa: E402

try:
    from airflow.dag_processing.dagbag import BundleDagBag as DagBag
except ImportError:
    # Airflow 3.0
    from airflow.models.dagbag import DagBag

WHEN = "2026-11-21T05:00:00+00:00"

type Job = dict[str, Any]


class Supervisor:
    """The other end of the socket."""

    def __init__(self) -> None:
        self.job: Job = {}
        self.asked: list[str] = []
        self.unanswered: list[str] = []
        ours, self.theirs = socket.socketpair()
        threading.Thread(target=self.serve, args=(ours,), daemon=True).start()

    def serve(self, ours: socket.socket) -> None:
        """Answer request by request."""
        decoder = msgspec.msgpack.Decoder(comms._RequestFrame)
        while head := ours.recv(4):
            frame = decoder.decode(ours.recv(int.from_bytes(head), socket.MSG_WAITALL))
            self.asked.append(frame.body["type"])
            try:
                TypeAdapter(ToManager).validate_python(frame.body)
            except ValidationError:
                # The real one logs it, and lets the process wait until that is killed.
                self.unanswered.append(frame.body["type"])
            ours.sendall(comms._ResponseFrame(id=frame.id, **self.answer(frame.body)).as_bytes())

    def answer(self, asked: Job) -> Job:
        """Return what the API server would."""
        kind = asked["type"]
        if kind == "GetXCom" and "summaries" in self.job:
            value = self.job["summaries"].get(asked["task_id"])
            return {"body": {"key": asked["key"], "value": value, "type": "XComResult"}}
        if kind == "GetTaskStates" and "states" in self.job:
            found = dict.fromkeys(asked["run_ids"], self.job["states"])
            return {"body": {"task_states": found, "type": "TaskStatesResult"}}
        if kind == "MaskSecret":
            return {}
        error = "CONNECTION_NOT_FOUND" if kind == "GetConnection" else "GENERIC_ERROR"
        return {"error": {"error": error, "detail": {}, "type": "ErrorResponse"}}


def request(job: Job) -> DagCallbackRequest:
    """Return what the scheduler asks for when a run has ended; what a version does not know is left out."""
    run = {"dag_id": "shop", "run_id": job["run"], "run_type": "scheduled", "state": job["state"]}
    dates = dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date"), WHEN)
    rest: Job = {"end_date": WHEN, "consumed_asset_events": [], "partition_key": None, "clear_number": 0}
    last: Job = {"id": "019a0000-0000-7000-8000-000000000000", "dag_version_id": "019a0000-0000-7000-8000-000000000001"}
    last |= {"task_id": "load", "dag_id": "shop", "run_id": job["run"], "try_number": 1, "map_index": -1}
    context = {"dag_run": known(DagRunContext, "dag_run", run | dates | rest), "last_ti": last}
    return DagCallbackRequest.model_validate(
        {
            "filepath": job["file"],
            "bundle_name": "dags",
            "bundle_version": None,
            "msg": "task_failure" if job["state"] == "failed" else "success",
            "dag_id": "shop",
            "run_id": job["run"],
            "is_failure_callback": job["state"] == "failed",
            "context_from_server": context if job.get("context") else None,
        }
    )


def known(model: type[BaseModel], field: str, values: Job) -> Job:
    """Return those of the values that the model of a field has."""
    (inner,) = (one for one in get_args(model.model_fields[field].annotation) if one is not type(None))
    return {name: value for name, value in values.items() if name in inner.model_fields}


def end_run(job: Job) -> Job:
    """Call the DAG's callbacks."""
    leave(job)
    started = time.monotonic()
    message = DagFileParseRequest.model_validate(
        {
            "file": job["file"],
            "bundle_path": Path(job["file"]).parent,
            "bundle_name": "dags",
            "callback_requests": [request(job)],
        }
    )
    _parse_file(message, structlog.get_logger("task"))
    return {"seconds": time.monotonic() - started}


def leave(job: Job) -> None:
    """Leave in the bucket what the last task of a group leaves there with Airflow 3.0, and nothing else of the run."""
    if not AIRFLOW_3_0:
        return
    store = archive.store()
    for key in store.keys(archive.folder("shop", job["run"])):
        store.s3.delete_object(Bucket=store.bucket, Key=key)
    for task, summary in job.get("summaries", {}).items():
        archive.tell("shop", job["run"], task, summary)


def dag_bag(job: Job) -> DagBag:
    """Import the DAG file."""
    bundle = {"bundle_path": Path(job["file"]).parent, **({} if AIRFLOW_3_0 else {"bundle_name": "dags"})}
    return DagBag(job["file"], **bundle)


def parse(job: Job) -> Job:
    """Import the DAG file, and return what the UI shows of its errors."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ImportWarning)
        bag = dag_bag(job)
    told = [str(one.message) for one in warned if one.category is ImportWarning]
    return {"errors": list(bag.import_errors.values()), "heavy": "slack_sdk" in sys.modules, "warned": told}


def be_late(job: Job) -> Job:
    """Serialize the DAG as the DAG processor does, read it as the scheduler does, and run its deadline's callback."""
    from airflow._shared.module_loading import import_string
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.triggers.callback import CallbackTrigger

    bag = dag_bag(job)
    alert = bag.dags["shop"].deadline
    told = json.loads(json.dumps(DagSerialization.to_dict(bag.dags["shop"])))
    read = DagSerialization.from_dict(told)
    context = {"dag_run": {"dag_id": "shop", "dag_run_id": job["run"]}, "deadline": {"id": "1", "deadline_time": WHEN}}
    callback = alert[0].callback if isinstance(alert, list) else alert.callback
    trigger = CallbackTrigger(callback.path, {**json.loads(json.dumps(callback.kwargs)), "context": context})

    async def run() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    events = asyncio.run(run()) if job.get("fire") else []
    awaitable = hasattr(import_string(callback.path), "__await__")
    return {
        "awaitable": awaitable,
        "path": callback.path,
        "read": [str(one) for one in read.deadline or []],
        "told": told["dag"]["deadline"],
        "events": [str(event["state"]) for event in events],
    }


def main() -> None:
    """Do one job after the other."""
    supervisor = Supervisor()
    task_runner.SUPERVISOR_COMMS = comms.CommsDecoder[ToDagProcessor, ToManager](
        socket=supervisor.theirs, body_decoder=TypeAdapter(ToDagProcessor)
    )
    for line in sys.stdin:
        job = json.loads(line)
        supervisor.job, supervisor.asked, supervisor.unanswered = job, [], []
        os.environ.pop("AIRFLOW_CONN_SLACK_DEFAULT", None)
        if job.get("connection"):
            os.environ["AIRFLOW_CONN_SLACK_DEFAULT"] = json.dumps(job["connection"])
        done = {"late": be_late, "parse": parse, "end": end_run}[job["do"]](job)
        print(
            json.dumps({**done, "asked": supervisor.asked, "unanswered": supervisor.unanswered}),
            file=ANSWERS,
            flush=True,
        )


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
