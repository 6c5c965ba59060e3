"""Import and run the corpus with the Airflow that this Python has, and write down what becomes of each file.

Called as run_corpus.py <corpus> <answer file>, with a fresh database. On Airflow 3 each task is run by the
supervisor's own function, in a process without a database, as a Celery worker does; on Airflow 2 by dag.test().
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DATE = datetime(2026, 1, 2, tzinfo=UTC)
ROUNDS = 5


def main(corpus: Path) -> dict[str, Any]:
    """Return, for each file of the corpus, what became of it."""
    from airflow.utils.file import list_py_file_paths

    seen = {os.path.relpath(path, corpus) for path in list_py_file_paths(str(corpus), safe_mode=True)}
    bag = fill(corpus)
    errors = {
        os.path.relpath(name, corpus) if Path(name).is_absolute() else name: text
        for name, text in bag.import_errors.items()
    }
    answer: dict[str, Any] = {}
    for path in sorted(corpus.rglob("*.py")):
        name = path.relative_to(corpus).as_posix()
        answer[name] = {"seen": name in seen, "error": (errors.get(name) or "").strip().splitlines()[-1:]}
        for dag in bag.dags.values():
            if Path(dag.fileloc) == path:
                answer[name] |= ran(dag, path, bag)
    return answer


def fill(corpus: Path) -> Any:
    """Return all DAGs of the corpus."""
    try:
        from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    except ImportError:
        from airflow.models.dagbag import DagBag

        bag = DagBag(str(corpus), include_examples=False, read_dags_from_db=False)
        bag.sync_to_db()
        return bag
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.utils.session import create_session

    with create_session() as session:
        DagBundlesManager().sync_bundles_to_db(session=session)
    bag = BundleDagBag(dag_folder=corpus, bundle_path=corpus, bundle_name="dags-folder")
    sync_bag_to_db(bag, "dags-folder", None)
    return bag


def ran(dag: Any, path: Path, bag: Any) -> dict[str, Any]:
    """Return the states and values of a DAG's tasks, what its callbacks noted, and when its runs are due."""
    notes = Path(os.environ["NOTES"])
    notes.write_text("")
    states, values = _run_2(dag) if hasattr(dag, "get_dagrun") else _run_3(dag, path)
    return {
        "states": states,
        "values": values,
        "notes": notes.read_text(),
        "catchup": dag.catchup,
        "lag": lag(dag),
    }


def lag(dag: Any) -> str:
    """Return how long after its own date a DAG's first run is due."""
    from airflow.timetables.base import TimeRestriction

    timetable = dag.timetable
    if not hasattr(timetable, "next_dagrun_info"):
        from airflow.serialization.encoders import coerce_to_core_timetable

        timetable = coerce_to_core_timetable(timetable)
    restriction = TimeRestriction(dag.start_date, None, True)
    due = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    return f"{(due.run_after - due.logical_date).total_seconds():.0f} s" if due else "never due"


def _run_2(dag: Any) -> tuple[dict[str, str], dict[str, str]]:
    from airflow.models import XCom

    run = dag.test(execution_date=DATE)
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    values = {
        name: XCom.get_one(run_id=run.run_id, dag_id=dag.dag_id, task_id=name, key="return_value") for name in states
    }
    return states, {name: str(value) for name, value in values.items()}


def _run_3(dag: Any, path: Path) -> tuple[dict[str, str], dict[str, str]]:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        run = _begun(dag, session, "on 3.3.1: run asset" in path.read_text())
        for _ in range(ROUNDS):
            session.expire_all()
            ready, _ = run.update_state(session=session)
            for task in ready:
                _supervised(task, dag, path, session)
        session.expire_all()
        states = {task.task_id: str(task.state) for task in run.get_task_instances(session=session)}
        rows = XComModel.get_many(run_id=run.run_id, dag_ids=dag.dag_id, key="return_value")
        values = {row.task_id: str(XComModel.deserialize_value(row)) for row in session.execute(rows).scalars()}
    return states, {name: values.get(name, "None") for name in states}


def _begun(dag: Any, session: Any, asset: bool) -> Any:
    from airflow.models.dagrun import get_or_create_dagrun
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.types import DagRunTriggeredByType

    return get_or_create_dagrun(
        dag=DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag)),
        run_id="corpus",
        start_date=DATE,
        logical_date=None if asset else DATE,
        data_interval=None
        if asset
        else coerce_to_core_timetable(dag.timetable).infer_manual_data_interval(run_after=DATE),
        run_after=DATE,
        conf=None,
        triggered_by=DagRunTriggeredByType.TEST,
        triggering_user_name="corpus",
        session=session,
    )


def _supervised(task: Any, dag: Any, path: Path, session: Any) -> None:
    from airflow.executors.workloads import BundleInfo
    from airflow.sdk.api.datamodels._generated import TaskInstance
    from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor, supervise_task

    task.try_number += 1
    task.set_state("queued", session=session)
    session.commit()
    names = ("id", "task_id", "dag_id", "run_id", "try_number", "map_index", "dag_version_id")
    supervise_task(
        ti=TaskInstance(**{name: getattr(task, name) for name in names}),
        bundle_info=BundleInfo(name="dags-folder"),
        dag_rel_path=path,
        token="",
        client=InProcessTestSupervisor._api_client(dag),
        subprocess_logs_to_stdout=True,
    )


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(main(Path(sys.argv[1])), indent=1))
