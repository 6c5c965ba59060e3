"""What Airflow 2's own Python does for the tests: fill a metadata database, tell what is in it, or run a DAG's text.

python inside.py fill | tell | run, with JSON on standard input.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

NOW = datetime.now(timezone.utc)  # noqa: UP017 - as in the DAG
TABLES = ("dag_run", "task_instance", "xcom", "log")


def fill(wish: dict[str, Any]) -> None:
    """Make runs of DAGs in turn, one an hour, with XComs and a log; then connections and variables.

    The newest run has not ended, and tasks of the one before it wait for a trigger.
    """
    from airflow.models import Connection, Variable
    from airflow.utils.session import create_session

    with create_session() as session:
        if wish["runs"]:
            _history(session, wish["runs"], wish.get("dags", ["daily"]))
        for key, value in wish.get("variables", {}).items():
            session.add(Variable(key=key, val=value))
        for name, fields in wish.get("connections", {}).items():
            session.add(made := Connection(**fields))
            # Older versions took any id; this one refuses some when it is made.
            made.conn_id = name


def _history(session: Any, count: int, dags: list[str]) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import BaseXCom

    runs = [_run(dags[number % len(dags)], number) for number in range(count)]
    session.execute(DagRun.__table__.insert(), runs)
    ids = {(one.dag_id, one.run_id): one.id for one in session.execute(DagRun.__table__.select())}
    tasks = [task for number, run in enumerate(runs) for task in _tasks(run, number)]
    session.execute(TaskInstance.__table__.insert(), tasks)
    same = {"task_id": "load", "map_index": -1, "key": "return_value", "timestamp": NOW}
    xcoms = [
        {**_named(run), **same, "dag_run_id": ids[run["dag_id"], run["run_id"]], "value": json.dumps(number).encode()}
        for number, run in enumerate(runs)
    ]
    session.execute(BaseXCom.__table__.insert(), xcoms)
    for run in runs:
        session.add(log := Log("success", None))
        log.dttm, log.dag_id, log.task_id = run["start_date"], run["dag_id"], "load"


def _run(dag: str, number: int) -> dict[str, Any]:
    when, state = NOW - timedelta(hours=number), "running" if number == 0 else "success"
    run = {"dag_id": dag, "run_id": f"scheduled__{when.isoformat()}", "run_type": "scheduled", "state": state}
    times = {"execution_date": when, "start_date": when, "end_date": when, "data_interval_start": when}
    return {**run, **times, "conf": {"day": "ä"}}


def _named(run: dict[str, Any]) -> dict[str, Any]:
    return {name: run[name] for name in ("dag_id", "run_id")}


def _tasks(run: dict[str, Any], number: int) -> list[dict[str, Any]]:
    found = []
    for task, index in (("load", -1), ("wait", 0), ("wait", 1)):
        state = "deferred" if number == 1 and task == "wait" else "success"
        more = {"state": state, "pool": "default_pool", "try_number": 1}
        found.append({**_named(run), "task_id": task, "map_index": index, **more})
    return found


def tell(_: dict[str, Any]) -> dict[str, Any]:
    """Return the rows of history, without the numbers that are another database's own."""
    from airflow.settings import engine
    from sqlalchemy import MetaData, select

    known = MetaData()
    known.reflect(engine, only=[*TABLES, "connection", "variable"])
    own = ("id", "dag_run_id", "updated_at", "log_template_id", "executor_config", "_user_id")
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        for name, table in known.tables.items():
            rows = connection.execute(select(table)).mappings()
            found[name] = sorted(
                json.dumps({key: str(value) for key, value in row.items() if key not in own}, sort_keys=True)
                for row in rows
            )
    return found


def run(wish: dict[str, Any]) -> None:
    """Run the one task of a DAG's text, as its operator does."""
    space: dict[str, Any] = {"__name__": "mwaa_migrate_dag"}
    exec(compile(wish["text"], "mwaa_migrate_dag.py", "exec"), space)  # noqa: S102 - as Airflow does
    if "rows" in wish:
        space["ROWS"] = wish["rows"]
    (task,) = space["dag"].tasks
    answer = task.python_callable(dag_run=SimpleNamespace(conf=wish["conf"]))
    assert answer is None


if __name__ == "__main__":
    done = {"fill": fill, "tell": tell, "run": run}[sys.argv[1]](json.load(sys.stdin))
    print(json.dumps(done))
