"""Run the chooser of a dbt group as a task of Airflow 2, over a database that is made here.

Called with the DAG file and a file descriptor for the answer: the state of each task, and what the chooser returned.
"""

import json
import os
import sys

from airflow.models import DagBag, TaskInstance, XCom
from airflow.utils import db, timezone
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType

WHEN = timezone.parse("2026-11-21T05:00:00+00:00")
RUN, TASK = "manual__2026-11-21T05:00:00+00:00", "daily.dbt_select"

db.initdb()
dag = DagBag(sys.argv[1], include_examples=False).dags["shops"]
with create_session() as session:
    dag.sync_to_db(session=session)
    dag.create_dagrun(
        run_id=RUN,
        state=DagRunState.RUNNING,
        execution_date=WHEN,
        data_interval=(WHEN, WHEN),
        run_type=DagRunType.MANUAL,
        conf={"select": "stg_orders"},
        session=session,
    )
with create_session() as session:
    instance = session.query(TaskInstance).filter_by(task_id=TASK).one()
    instance.task = dag.get_task(TASK)
    instance.run(ignore_all_deps=True, session=session)
with create_session() as session:
    told = {
        "states": {one.task_id: one.state for one in session.query(TaskInstance)},
        "returned": XCom.get_one(key="return_value", dag_id="shops", task_id=TASK, run_id=RUN),
    }
os.write(int(sys.argv[2]), json.dumps(told).encode())
