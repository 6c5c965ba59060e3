"""What the DAG processor can learn of a DAG run that has ended, on each Airflow that MWAA offers.

Airflow 3 asks the API server, through the process that started it; Airflow 2 the database. In 3.0 a callback of a DAG
is given neither XComs nor states, and whoever asks waits until Airflow ends the process: there the last task of
a dbt group leaves its summary in the bucket, too, and the message counts nodes instead of tasks.
"""

from __future__ import annotations

import importlib
from contextlib import suppress
from typing import Any

from mwaa_dbt.airflow_sdk import AIRFLOW_2, AIRFLOW_3_0


def summary(dag: str, task: str, run: str) -> Any:
    """Return what the last task of a dbt group has returned; None if it is not known."""
    if AIRFLOW_3_0:
        from mwaa_dbt import archive

        return archive.told(dag, run, task)
    home = "airflow.models.xcom" if AIRFLOW_2 else "airflow.sdk.execution_time.xcom"
    xcom: Any = importlib.import_module(home).XCom
    return xcom.get_one(key="return_value", dag_id=dag, task_id=task, run_id=run)


def states(dag: str, run: str) -> dict[str, str | None]:
    """Return the states of a run's tasks; nothing if they cannot be had."""
    with suppress(Exception):
        return {task: str(getattr(state, "value", state)) if state else None for task, state in _states(dag, run)}
    return {}


def _states(dag: str, run: str) -> Any:
    if AIRFLOW_3_0:
        return ()
    if AIRFLOW_2:
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session

        with create_session() as session:
            found = session.query(TaskInstance.task_id, TaskInstance.state)
            return found.filter_by(dag_id=dag, run_id=run).all()
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    return (RuntimeTaskInstance.get_task_states(dag_id=dag, run_ids=[run]).get(run) or {}).items()


def base_url() -> str:
    """Return the address of Airflow's UI; empty if it is not configured."""
    from airflow.configuration import conf

    return str(conf.get("webserver" if AIRFLOW_2 else "api", "base_url", fallback="") or "")
