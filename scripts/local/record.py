"""The rehearsal's MWAA environment as GetEnvironment describes it, kept in a file so that it can be looked at."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.local import state
from scripts.paths import Paths

# What MWAA itself calls its sources is not documented.
SOURCE = "mwaa-rehearsal"
_CHANGES = threading.Lock()
type Record = dict[str, Any]


def file(paths: Paths) -> Path:
    """Return where the environment is noted: in the JSON of GetEnvironment, times in seconds since the epoch."""
    return state.folder(paths) / "mwaa.json"


def read(paths: Paths) -> Record | None:
    """Return the environment, or None before it is created."""
    try:
        return dict(json.loads(file(paths).read_text()))
    except FileNotFoundError:
        return None


def write(paths: Paths, record: Record) -> None:
    """Note the environment; whoever reads meanwhile sees the old or the new one, whole."""
    partial = file(paths).with_suffix(".part")
    partial.write_text(json.dumps(record, indent=2))
    partial.rename(file(paths))


def change(paths: Paths, values: Mapping[str, Any]) -> None:
    """Set some fields and leave the others as they are now; within one process none is lost to another's change."""
    with _CHANGES:
        write(paths, (read(paths) or {}) | dict(values))


def last_update(status: str, strategy: str | None = None, error: tuple[str, str] | None = None) -> Record:
    """Return GetEnvironment's LastUpdate; an error is a code and a message."""
    update: Record = {"Status": status, "CreatedAt": time.time(), "Source": SOURCE}
    if strategy:
        update["WorkerReplacementStrategy"] = strategy
    if error:
        # The API's own limit.
        update["Error"] = {"ErrorCode": error[0], "ErrorMessage": error[1][:1024]}
    return update


def ended(paths: Paths, status: str, strategy: str | None = None, error: tuple[str, str] | None = None) -> Record:
    """Return LastUpdate of the update under way, now that it has ended: it was created when it began."""
    begun = (read(paths) or {}).get("LastUpdate", {})
    made = last_update(status, strategy, error)
    return made | {"CreatedAt": begun.get("CreatedAt", made["CreatedAt"])}
