"""What event times runs have, of DAGs with every kind of schedule; the answer is JSON, case → window or error."""

import json
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from airflow import DAG
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

from mwaa_dbt.event_times import variables

DUE, BEFORE = datetime(2026, 1, 2, 5, tzinfo=UTC), datetime(2026, 1, 1, 5, tzinfo=UTC)
POINT, DAY = (DUE, DUE), (BEFORE, DUE)
PARAMS = {"full_refresh": False, "event_time_start": None, "event_time_end": None}
FEBRUARY = {"event_time_start": "2026-02-01T00:00:00+01:00", "event_time_end": "2026-03-01"}


def tell(schedule: Any, interval: Any, run_type: str, **params: Any) -> Any:
    """Return dbt's environment in a run."""
    run = SimpleNamespace(
        run_type=run_type, run_id="run", data_interval_start=interval[0], data_interval_end=interval[1]
    )
    dag = DAG("dag", schedule=schedule, start_date=datetime(2026, 1, 1, tzinfo=UTC))
    try:
        return variables({"dag": dag, "dag_run": run, "params": {**PARAMS, **params}})
    except Exception as error:
        return f"{type(error).__name__}: {error}"


CASES = {
    "scheduled": ("0 5 * * *", POINT, "scheduled"),
    "cron": ("0 5 * * *", POINT, "backfill"),
    "cron interval": ("0 5 * * *", DAY, "backfill"),
    "preset": ("@daily", (datetime(2026, 1, 2, tzinfo=UTC),) * 2, "backfill"),
    "span": (timedelta(hours=6), POINT, "backfill"),
    "trigger timetable": (CronTriggerTimetable("0 5 * * *", timezone="UTC"), POINT, "backfill"),
    "interval timetable": (CronDataIntervalTimetable("0 5 * * *", timezone="UTC"), DAY, "backfill"),
    "none": (None, POINT, "backfill"),
    "manual": (None, (None, None), "manual"),
}
TOLD = {name: tell(*case) for name, case in CASES.items()}
TOLD["asked"] = tell(None, (None, None), "manual", **FEBRUARY)
TOLD["asked of a backfill"] = tell("0 5 * * *", POINT, "backfill", **FEBRUARY)
TOLD["one end"] = tell(None, (None, None), "manual", event_time_start="2026-02-01")
TOLD["no time"] = tell(None, (None, None), "manual", event_time_start="monday", event_time_end="2026-02-01")
TOLD["wrong way"] = tell(None, (None, None), "manual", event_time_start="2026-02-02", event_time_end="2026-02-01")
TOLD["full refresh"] = tell("0 5 * * *", POINT, "backfill", full_refresh=True)
json.dump(TOLD, sys.stdout)
