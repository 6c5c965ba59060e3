"""End DAG runs as teller.py does, in Airflow 2: its DAG processor asks the database, one that is made here."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from typing import Any

# Answers go where nothing that logs can write.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
# The run of the tests has a space, which Airflow 3 lets pass.
os.environ["AIRFLOW__SCHEDULER__ALLOWED_RUN_ID_PATTERN"] = "^[A-Za-z0-9_.~:+ -]+$"

from airflow.callbacks.callback_requests import DagCallbackRequest  # noqa: E402
from airflow.dag_processing.processor import DagFileProcessor  # noqa: E402
from airflow.models import DagBag, DagRun, TaskInstance, XCom  # noqa: E402
from airflow.providers.standard.operators.empty import EmptyOperator  # noqa: E402
from airflow.utils import db, timezone  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402
from airflow.utils.types import DagRunType  # noqa: E402

WHEN = timezone.parse("2026-11-21T05:00:00+00:00")

type Job = dict[str, Any]


def dag_bag(job: Job) -> DagBag:
    """Import the DAG file."""
    return DagBag(job["file"], include_examples=False)


def end_run(job: Job) -> Job:
    """Call the DAG's callbacks, in a database that has the run, its tasks and what they returned."""
    bag = dag_bag(job)
    dag, run = bag.dags["shop"], job["run"]
    for task in {*job.get("states", {})} - {*dag.task_ids}:
        EmptyOperator(task_id=task, dag=dag)
    with create_session() as session:
        for table in (XCom, TaskInstance, DagRun):
            session.query(table).delete()
        dag.sync_to_db(session=session)
        dag.create_dagrun(
            run_id=run,
            state=job["state"],
            execution_date=WHEN,
            start_date=WHEN,
            data_interval=(WHEN, WHEN),
            run_type=DagRunType.SCHEDULED,
            session=session,
        )
        for instance in session.query(TaskInstance):
            instance.state = job.get("states", {}).get(instance.task_id)
        session.flush()
        for task, summary in job.get("summaries", {}).items():
            XCom.set("return_value", summary, dag_id="shop", task_id=task, run_id=run, session=session)
    wanted = DagCallbackRequest(
        full_filepath=job["file"],
        dag_id="shop",
        run_id=run,
        processor_subdir=None,
        is_failure_callback=job["state"] == "failed",
        msg="task_failure" if job["state"] == "failed" else "success",
    )
    started = time.monotonic()
    with create_session() as session:
        DagFileProcessor._execute_dag_callbacks(bag, wanted, session)
    return {"seconds": time.monotonic() - started}


def parse(job: Job) -> Job:
    """Import the DAG file, and return what the UI shows of its errors."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ImportWarning)
        bag = dag_bag(job)
    told = [str(one.message) for one in warned if one.category is ImportWarning]
    return {"errors": list(bag.import_errors.values()), "heavy": "slack_sdk" in sys.modules, "warned": told}


def main() -> None:
    """Do one job after the other."""
    db.initdb()
    for line in sys.stdin:
        job = json.loads(line)
        os.environ.pop("AIRFLOW_CONN_SLACK_DEFAULT", None)
        if job.get("connection"):
            os.environ["AIRFLOW_CONN_SLACK_DEFAULT"] = json.dumps(job["connection"])
        done = {"parse": parse, "end": end_run}[job["do"]](job)
        print(json.dumps({**done, "asked": [], "unanswered": []}), file=ANSWERS, flush=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
