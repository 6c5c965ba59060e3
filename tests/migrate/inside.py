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
    """Make runs of a DAG, one an hour, the last one deferred; with XComs, a log, connections and variables."""
    from airflow.models import Connection, Variable
    from airflow.utils.session import create_session

    with create_session() as session:
        for number in range(wish["runs"]):
            _run(session, number, NOW - timedelta(hours=number))
        for key, value in wish.get("variables", {}).items():
            session.add(Variable(key=key, val=value))
        for name, fields in wish.get("connections", {}).items():
            session.add(made := Connection(**fields))
            # Older versions took any id; this one refuses some when it is made.
            made.conn_id = name


def _run(session: Any, number: int, when: datetime) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log

    state = "running" if number == 0 else "success"
    run = {"dag_id": "daily", "run_id": f"scheduled__{when.isoformat()}", "run_type": "scheduled", "state": state}
    times = {"execution_date": when, "start_date": when, "end_date": when, "data_interval_start": when}
    made = session.execute(DagRun.__table__.insert(), {**run, **times, "conf": {"day": "ä"}})
    log = Log("success", None)
    log.dttm, log.dag_id, log.task_id = when, "daily", "load"
    session.add(log)
    _tasks(session, {name: run[name] for name in ("dag_id", "run_id")}, made.inserted_primary_key[0], number)


def _tasks(session: Any, run: dict[str, Any], of: int, number: int) -> None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import BaseXCom

    for task, index in (("load", -1), ("wait", 0), ("wait", 1)):
        state = "deferred" if number == 1 and task == "wait" else "success"
        one = {**run, "task_id": task, "map_index": index}
        session.execute(
            TaskInstance.__table__.insert(), {**one, "state": state, "pool": "default_pool", "try_number": 1}
        )
    value = json.dumps(number).encode()
    xcom = {**run, "task_id": "load", "map_index": -1, "key": "return_value", "dag_run_id": of, "value": value}
    session.execute(BaseXCom.__table__.insert(), {**xcom, "timestamp": NOW})


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
