"""dbt's JSON log, read while it grows."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mwaa_dbt.events import EventLog, as_text, parse

NODE = "model.shop.orders"


def event(name: str, level: str = "debug", msg: str = "", **data: Any) -> str:
    """Return a line as dbt writes it."""
    info = {"name": name, "level": level, "msg": msg, "ts": "2026-11-21T06:27:40.123456Z"}
    return json.dumps({"info": info, "data": data}) + "\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of one failing model."""
    (tmp_path / "logs").mkdir()
    node = {"unique_id": NODE}
    (tmp_path / "logs/dbt.log").write_text(
        event("SQLQuery", node_info=node, sql="create schema s")
        + "a line that a macro printed\n"
        + event("SQLQuery", node_info=node, sql="select wrong")
        + event("NodeFinished", node_info=node, run_result={"status": "error", "message": "Database Error"})
    )
    return tmp_path


def test_finished_has_last_statement(log: Path) -> None:
    """A node's end comes with its words and the last statement that it sent."""
    found = EventLog(log).finished(NODE)
    assert found is not None
    assert (found.status, found.message, found.sql) == ("error", "Database Error", "select wrong")


def test_nothing_yet(tmp_path: Path) -> None:
    """Without a log, or without the node in it, there is no answer, and no wait that was not asked for."""
    assert EventLog(tmp_path).finished(NODE) is None


def test_half_written_line(log: Path) -> None:
    """A line that dbt is about to write is read once it is whole."""
    follow, file = EventLog(log), log / "logs/dbt.log"
    assert follow.finished("model.shop.later") is None
    whole = event("NodeFinished", node_info={"unique_id": "model.shop.later"}, run_result={"status": "success"})
    with file.open("a") as growing:
        growing.write(whole[:30])
        growing.flush()
        assert follow.finished("model.shop.later") is None
        growing.write(whole[30:])
    found = follow.finished("model.shop.later")
    assert found is not None and found.status == "success"


def test_patience(log: Path) -> None:
    """What dbt logs a moment later is waited for."""
    line = event("NodeFinished", node_info={"unique_id": "late"}, run_result={"status": "fail", "message": "Got 1"})

    def write() -> None:
        time.sleep(0.1)
        with (log / "logs/dbt.log").open("a") as file:
            file.write(line)

    writer = threading.Thread(target=write)
    writer.start()
    found = EventLog(log).finished("late", patience=10)
    writer.join()
    assert found is not None and found.message == "Got 1"


def test_errors_of_dbt_itself(log: Path) -> None:
    """What is no node's error is dbt's own."""
    with (log / "logs/dbt.log").open("a") as file:
        file.write(event("MainEncounteredError", level="error", msg="Compilation Error\n  no such macro"))
        file.write(event("LogModelResult", level="error", msg="1 of 1 ERROR", node_info={"unique_id": NODE}))
    assert EventLog(log).errors() == ["Compilation Error\n  no such macro"]


def test_as_text(log: Path) -> None:
    """The archive keeps a log that a person can read."""
    with (log / "logs/dbt.log").open("a") as file:
        file.write(event("Any", level="info", msg="Done."))
    assert as_text(log).splitlines()[1] == "a line that a macro printed"
    assert as_text(log).splitlines()[-1] == "06:27:40.123 info  Done."
    assert as_text(log / "nowhere") == ""


@pytest.mark.parametrize("line", ["", "[]", "3", '{"info": 3}', "{", "null"])
def test_what_is_no_event(line: str) -> None:
    """Macros may print what they like."""
    assert parse(line) is None
