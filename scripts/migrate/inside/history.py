"""The history of an Airflow 2, out of its metadata database and into that of another one."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from airflow.exceptions import AirflowFailException
from airflow.utils.session import create_session
from sqlalchemy import and_, func, or_, select, tuple_

from scripts.migrate.inside.lines import ROWS, packed, unpacked
from scripts.migrate.inside.shared import OWN, Folder, log

ENDED = ("success", "failed")  # of runs
# Of tasks: they belong to an executor, a trigger or a scheduler that stays behind.
BUSY = ("deferred", "queued", "restarting", "running", "scheduled", "up_for_reschedule", "up_for_retry")
MANY = 200  # keys in one question
MODELS = {"dag_run": "dagrun.DagRun", "task_instance": "taskinstance.TaskInstance"}
MODELS |= {"xcom": "xcom.BaseXCom", "log": "log.Log"}
# What a row is known by in any database. A line of the audit log has no such thing but itself.
KEYS = {
    "dag_run": ("dag_id", "run_id"),
    "task_instance": ("dag_id", "run_id", "task_id", "map_index"),
    "xcom": ("dag_id", "run_id", "task_id", "map_index", "key"),
    "log": ("dttm", "dag_id", "task_id", "event", "owner", "extra"),
}
# In which order rows are read; those of a run after the run's number.
ORDER: dict[str, tuple[str, ...]] = {
    "dag_run": (),
    "task_instance": ("task_id", "map_index"),
    "xcom": ("task_id", "map_index", "key"),
    "log": ("id",),
}
# Numbers of rows in other tables, which are others there; what the old Fernet key encrypted; pickled code.
LEFT = {
    "dag_run": ("id", "creating_job_id", "log_template_id"),
    "task_instance": (
        *("id", "executor_config", "external_executor_id", "job_id", "next_kwargs", "next_method", "pid"),
        *("queued_by_job_id", "trigger_id", "trigger_timeout"),
    ),
    "xcom": ("dag_run_id",),
    "log": ("id",),
}


def table(name: str) -> Any:
    """Return a table as this version of Airflow has it."""
    module, model = MODELS[name].split(".")
    return getattr(importlib.import_module(f"airflow.models.{module}"), model).__table__


def dump(conf: dict[str, Any]) -> None:
    """Write tables as parts of compressed JSON lines, then a note of them; parts that are there stay."""
    folder, noted = Folder(conf), dict[str, Any]()
    with create_session() as session:
        for name in conf["tables"]:
            noted[name] = {"parts": list(_parts(session, folder, name, conf)), "left": _busy(session, name, conf)}
            log.info("%s: %s rows", name, sum(part["rows"] for part in noted[name]["parts"]))
    folder.put("history.json", json.dumps(noted).encode())


def _parts(session: Any, folder: Folder, name: str, conf: dict[str, Any]) -> Iterator[dict[str, Any]]:
    number, last = 0, None
    while True:
        number += 1
        place = f"{name}/part-{number:04}.jsonl.gz"
        noted = folder.notes(place)
        if noted is None:
            rows, end = _read(session, name, conf, last)
            if not rows:
                return
            # S3 takes nothing but ASCII in its notes.
            note = base64.b64encode(json.dumps(end).encode()).decode()
            noted = {
                "sha256": folder.put(place, packed(rows), rows=len(rows), last=note),
                "rows": len(rows),
                "last": note,
            }
        last = json.loads(base64.b64decode(noted["last"]))
        yield {"part": place, "rows": noted["rows"], "sha256": noted["sha256"]}


def _read(session: Any, name: str, conf: dict[str, Any], last: list[Any] | None) -> tuple[list[Any], list[Any]]:
    """Return the rows that follow, as JSON's types, and where they end."""
    one, source, chosen, order = _source(name, conf)
    if name == "task_instance":
        chosen = and_(chosen, or_(one.c.state.is_(None), one.c.state.notin_(BUSY)))
    if last is not None:
        chosen = and_(chosen, tuple_(*order) > tuple_(*last))
    places = [column.label(f"place_{index}") for index, column in enumerate(order)]
    wanted = [column for column in one.columns if column.name not in LEFT[name]]
    question = select(*wanted, *places).select_from(source).where(chosen).order_by(*order).limit(ROWS)
    found = session.execute(question).all()
    rows = [{column.name: encoded(value) for column, value in zip(wanted, row)} for row in found]  # noqa: B905
    for row in rows if name == "log" else ():
        # Of what was sent to connections and variables, Airflow 2 keeps there what it does not know as a secret.
        row["extra"] = row["extra"] if row["dag_id"] else None
    return rows, list(found[-1][len(wanted) :]) if found else []


def _source(name: str, conf: dict[str, Any]) -> tuple[Any, Any, Any, list[Any]]:
    """Return a table, what it is read from, which rows of that, and in which order."""
    one, runs = table(name), table("dag_run")
    since, until = (datetime.fromisoformat(conf[key]) if conf.get(key) else None for key in ("since", "until"))
    when = one.c.dttm if name == "log" else runs.c.end_date
    chosen = and_(when <= until, *([when >= since] if since else []))
    order = [one.c[column] for column in ORDER[name]]
    if name == "log":
        return one, one, and_(chosen, or_(one.c.dag_id.is_(None), _foreign(one))), order
    joined = and_(one.c.dag_id == runs.c.dag_id, one.c.run_id == runs.c.run_id)
    source = runs if name == "dag_run" else one.join(runs, joined)
    return one, source, and_(chosen, _foreign(runs), runs.c.state.in_(ENDED)), [runs.c.id, *order]


def _foreign(one: Any) -> Any:
    return ~one.c.dag_id.startswith(OWN, autoescape=True)


def _busy(session: Any, name: str, conf: dict[str, Any]) -> int:
    """Return how many rows are left out since they are not done."""
    one, source, chosen, _ = _source(name, conf)
    if name == "dag_run":
        chosen = and_(_foreign(one), one.c.state.notin_(ENDED))
    elif name == "task_instance":
        chosen = and_(chosen, one.c.state.in_(BUSY))
    else:
        return 0
    return int(session.execute(select(func.count()).select_from(source).where(chosen)).scalar() or 0)


def encoded(value: Any) -> Any:
    """Return a value of a column in JSON's types."""
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, (bytes, memoryview)):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if value is None or isinstance(value, (str, int, float)):
        return value
    try:
        return {"json": json.loads(json.dumps(value))}
    except (TypeError, ValueError):
        return None


def decoded(value: Any) -> Any:
    """Return what was encoded."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "time":
        return datetime.fromisoformat(content)
    return base64.b64decode(content) if kind == "bytes" else content


def load(conf: dict[str, Any]) -> None:
    """Insert the rows of an export that are not there; those that are there stay as they are."""
    folder, done = Folder(conf), dict[str, Counter[str]]()
    noted = json.loads(_checked(folder, "history.json", conf["sha256"]))
    for name in (one for one in KEYS if one in noted):
        done[name] = Counter({"new": 0, "there": 0, "left": 0})
        for part in noted[name]["parts"]:
            rows = [
                {key: decoded(value) for key, value in row.items()}
                for row in unpacked(_checked(folder, part["part"], part["sha256"]))
            ]
            with create_session() as session:
                done[name].update(_insert(session, name, rows))
        log.info("%s: %s", name, dict(done[name]))
    folder.put("imported.json", json.dumps(done).encode())


def _checked(folder: Folder, name: str, sha256: str) -> bytes:
    data = folder.get(name)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AirflowFailException(f"{name} is not what was exported: its digest is another")
    return data


def _insert(session: Any, name: str, rows: list[dict[str, Any]]) -> dict[str, int]:
    one = table(name)
    known = {column.name for column in one.columns}
    there = {
        _key(name, row) for row in _found(session, one, ("dttm",) if name == "log" else ("dag_id", "run_id"), rows)
    }
    fresh = [row for row in rows if _key(name, row) not in there]
    wanted = list(_placed(session, name, fresh))
    if wanted:
        session.execute(one.insert(), [{key: row[key] for key in row if key in known} for row in wanted])
    return {"new": len(wanted), "there": len(rows) - len(fresh), "left": len(fresh) - len(wanted)}


def _key(name: str, row: Any) -> tuple[Any, ...]:
    return tuple(row[key] for key in KEYS[name])


def _placed(session: Any, name: str, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows that have a place there: a date of their DAG's that no other run has, or a run that is there."""
    if name == "log":
        yield from rows
        return
    runs = table("dag_run")
    if name == "dag_run":
        keys = ("dag_id", "execution_date")
        taken = {tuple(row[key] for key in keys) for row in _found(session, runs, keys, rows)}
        yield from (row for row in rows if tuple(row[key] for key in keys) not in taken)
        return
    numbers = {_key("dag_run", row): row["id"] for row in _found(session, runs, KEYS["dag_run"], rows)}
    for row in rows:
        if number := numbers.get(_key("dag_run", row)):
            yield {**row, **({"dag_run_id": number} if name == "xcom" else {"executor_config": {}})}


def _found(session: Any, one: Any, names: tuple[str, ...], rows: list[dict[str, Any]]) -> Iterator[Any]:
    """Yield the rows of a table that have the same in some columns."""
    wanted = list({tuple(row[name] for name in names) for row in rows})
    columns = tuple_(*(one.c[name] for name in names))
    for start in range(0, len(wanted), MANY):
        yield from session.execute(select(one).where(columns.in_(wanted[start : start + MANY]))).mappings()
