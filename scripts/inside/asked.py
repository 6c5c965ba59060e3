"""What DAG files asked for while they were parsed: variables and connections."""

from __future__ import annotations

import traceback
from typing import NamedTuple


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


def remember(kind: str, name: str) -> None:
    """Note a lookup, if the user's files are behind it."""
    if FOLDER:
        file, line = place(FOLDER[0])
        if file and (lookup := Lookup(kind, name, file, line)) not in LOOKUPS:
            LOOKUPS.append(lookup)
