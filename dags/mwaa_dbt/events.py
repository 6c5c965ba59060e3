"""dbt's own log (JSON, debug level) read while it grows: what was sent to the warehouse, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The file that dbt writes below DBT_LOG_PATH, made JSON; and no colours, whose codes Airflow shows as they are.
FILE = "logs/dbt.log"
SWITCHES = {"DBT_LOG_FORMAT_FILE": "json", "DBT_USE_COLORS": "false", "DBT_USE_COLORS_FILE": "false"}
WANTED = ('"SQLQuery"', '"NodeFinished"', '"error"')
PAUSE = 0.02  # seconds between two looks


@dataclass(frozen=True)
class Finished:
    """How a node ended, in dbt's words, and the last statement that it sent."""

    status: str
    message: str
    sql: str


@dataclass
class EventLog:
    """One invocation's log; each look reads on from the last."""

    folder: Path
    _offset: int = 0
    _sql: dict[str, str] = field(default_factory=dict)
    _finished: dict[str, Finished] = field(default_factory=dict)
    _errors: list[str] = field(default_factory=list)

    def errors(self) -> list[str]:
        """Return what dbt logged as an error of its own, not of a node."""
        for event in self._read():
            self._note(event)
        return self._errors

    def finished(self, node: str, patience: float = 0.0) -> Finished | None:
        """Return how a node ended; None if the log does not say so.

        Args:
            node: its unique id.
            patience: seconds to wait for it. dbt prints a node's result a moment before it logs the reason.
        """
        end = time.monotonic() + patience
        while True:
            for event in self._read():
                self._note(event)
            if node in self._finished or time.monotonic() >= end:
                return self._finished.get(node)
            time.sleep(PAUSE)

    def _read(self) -> Iterator[dict[str, Any]]:
        path = self.folder / FILE
        if not path.is_file():
            return
        with path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                # dbt may be in the midst of writing it.
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                text = line.decode(errors="replace")
                if any(name in text for name in WANTED) and (event := parse(text)):
                    yield event

    def _note(self, event: dict[str, Any]) -> None:
        data = event.get("data") or {}
        info, name = data.get("node_info") or {}, event["info"].get("name")
        node = info.get("unique_id")
        if not node:
            self._errors += [str(event["info"].get("msg", ""))] if event["info"].get("level") == "error" else []
        elif name == "SQLQuery":
            self._sql[node] = str(data.get("sql", ""))
        elif name == "NodeFinished":
            result = data.get("run_result") or {}
            status, message = result.get("status") or info.get("node_status"), result.get("message") or ""
            self._finished[node] = Finished(str(status), str(message), self._sql.get(node, ""))


def parse(line: str) -> dict[str, Any] | None:
    """Return an event of dbt's JSON log; None for any other line, since macros may print what they like."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("info"), dict) else None


def as_text(folder: Path) -> str:
    """Return an invocation's log as a person reads it; empty if there is none."""
    path = folder / FILE
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    return "".join(f"{_text(line)}\n" for line in lines)


def _text(line: str) -> str:
    event = parse(line)
    if event is None:
        return line
    info = event["info"]
    return f"{str(info.get('ts', ''))[11:23]} {info.get('level', '')!s:<5} {info.get('msg', '')}"
