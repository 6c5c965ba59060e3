"""Import every DAG as MWAA's parser would, with nothing else to be had.

Called as probe.py <DAG folder> <answer file>. No socket, no database, no connection and no dbt: any attempt
is the DAG's error. The answer is JSON: per file its seconds, its DAGs (tasks, dbt nodes, the assets
that its tasks tell of, the dbt tables that it waits for) and its error.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

BARRED = {
    "socket.connect": "opened a network connection",
    "socket.getaddrinfo": "looked up a host",
    "sqlite3.connect": "opened a database",
    "subprocess.Popen": "started a program",
}


class BarredError(Exception):
    """Tell that a DAG file did at import what only a task may do."""


class Bars:
    """Refuses what only a task may do, and remembers it: a DAG's own `except` must not hide it."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.broken: dict[str, str] = {}

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be Python's audit hook."""
        if event not in BARRED:
            return
        text = f"it {BARRED[event]} while being parsed: {arguments[0]!r}"
        callers = [frame.filename for frame in traceback.extract_stack() if frame.filename.startswith(self.folder)]
        if callers:
            self.broken.setdefault(_relative(Path(self.folder), callers[0]), text)
        raise BarredError(text)


def probe(folder: Path) -> list[dict[str, Any]]:
    """Import a DAG folder, .airflowignore and all, and report on each of its files."""
    begun = time.monotonic()
    import cosmos.operators.watcher
    import cosmos.profiles  # noqa: F401 - these seconds count for every file, as in a fresh parser process

    fill = _filler()
    imports = time.monotonic() - begun
    sys.path.insert(0, str(folder))
    bars = Bars(folder)
    sys.addaudithook(bars)
    with warnings.catch_warnings(record=True) as warned:
        # What mwaa_dbt leaves out with this Airflow: Python shows such warnings to nobody.
        warnings.simplefilter("always", ImportWarning)
        bag = fill(folder)
    seconds = {_relative(folder, stat.file): stat.duration.total_seconds() for stat in bag.dagbag_stats}
    # Airflow passes over a file that does not look like a DAG to it; a person who put it there should hear.
    errors = {_relative(folder, name): text for name, text in bag.import_errors.items()}
    files = sorted({*seconds, *errors, *(path.name for path in folder.glob("*.py"))})
    return [
        {
            "file": file,
            "seconds": imports + seconds.get(file, 0.0),
            "dags": _dags(bag, folder / file),
            "error": errors.get(file) or bars.broken.get(file),
            "warnings": sorted({_said(one) for one in warned if _is_of(one, file)}),
        }
        for file in files
    ]


def _is_of(warned: warnings.WarningMessage, file: str) -> bool:
    return warned.category is ImportWarning and warned.filename.endswith(f"/dags/{file}")


def _said(warned: warnings.WarningMessage) -> str:
    return f"line {warned.lineno}: {warned.message}"


def _filler() -> Callable[[Path], Any]:
    """Return what imports a DAG folder in this version of Airflow."""
    from airflow import __version__

    try:
        from airflow.dag_processing.dagbag import DagBag
    except ModuleNotFoundError:
        # Airflow 2, which knows no bundles, and 3.0; its croniter starts a program (`file`) as it is imported.
        import airflow.timetables.interval  # noqa: F401
        from airflow.models.dagbag import DagBag
    if __version__.startswith("2."):
        return lambda folder: DagBag(folder, read_dags_from_db=False)
    return lambda folder: DagBag(folder, bundle_path=folder)


def _relative(folder: Path, file: str) -> str:
    path = Path(file)
    return (
        path.relative_to(folder).as_posix() if path.is_absolute() and path.is_relative_to(folder) else file.lstrip("/")
    )


def _dags(bag: Any, file: Path) -> list[dict[str, Any]]:
    return [
        {
            "dag": dag_id,
            "tasks": len(dag.tasks),
            "nodes": sorted(set(filter(None, map(_node, dag.tasks)))),
            "tells": sorted({one.uri for task in dag.tasks for one in task.outlets if hasattr(one, "uri")}),
            "waits": _asked(dag),
        }
        for dag_id, dag in sorted(bag.dags.items())
        if Path(dag.fileloc) == file
    ]


def _asked(dag: Any) -> list[str]:
    """Return the dbt tables that a DAG is scheduled on; other assets may be told of from anywhere."""
    assets = sys.modules.get("mwaa_dbt.assets")
    # The latter on Airflow 2.
    conditions = (getattr(dag.timetable, name, None) for name in ("asset_condition", "dataset_condition"))
    return sorted({uri for one in conditions for uri in _uris(one)} & assets.asked) if assets else []


def _uris(condition: Any) -> Iterator[str]:
    if hasattr(condition, "uri"):
        yield condition.uri
    for part in getattr(condition, "objects", ()):
        yield from _uris(part)


def _node(task: Any) -> str | None:
    return getattr(task, "extra_context", {}).get("dbt_node_config", {}).get("unique_id")  # type: ignore[no-any-return]


if __name__ == "__main__":
    answer = probe(Path(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps(answer))
