"""A secrets backend that has nothing, and remembers what it was asked for.

A DAG file that asks for a variable or connection while it is parsed gets what the caller's environment has
(AIRFLOW_VAR_…, AIRFLOW_CONN_…), since Airflow asks that next; else the answer is that there is none.
"""

from __future__ import annotations

import traceback
from typing import Any, NamedTuple

from airflow.secrets import BaseSecretsBackend


class Lookup(NamedTuple):
    """What was asked for, and the line of the user's file that did."""

    kind: str
    name: str
    file: str
    line: int


LOOKUPS: list[Lookup] = []
FOLDER: list[str] = []


def place(folder: str) -> tuple[str, int]:
    """Return the innermost line of the call stack that is below a folder; empty and 0 if none is."""
    frames = [frame for frame in traceback.extract_stack() if frame.filename.startswith(folder)]
    return (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)


class Asked(BaseSecretsBackend):
    """Knows nothing."""

    def get_conn_value(self, conn_id: str, *_: Any, **__: Any) -> None:
        """Remember that a connection was asked for."""
        _remember("connection", conn_id)

    def get_variable(self, key: str, *_: Any, **__: Any) -> None:
        """Remember that a variable was asked for."""
        _remember("variable", key)

    def get_config(self, key: str) -> None:
        """Say nothing."""


def _remember(kind: str, name: str) -> None:
    if FOLDER:
        file, line = place(FOLDER[0])
        if file and (lookup := Lookup(kind, name, file, line)) not in LOOKUPS:
            LOOKUPS.append(lookup)
