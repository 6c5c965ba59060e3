"""Import each DAG file of a folder as a parser of Airflow would, each in a process of its own.

Called as importer.py <request file> <answer file>. The request is JSON: folder, files (all Python files, relative
to it), seconds (that a file may take). The answer is a line of JSON per file, written as soon as that is done. Airflow
is imported once; each file has a fork of that, so that one which hangs or ends its process takes nothing with it.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import select
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asked  # type: ignore[import-not-found]  # beside this file, as Python finds it
from probe import BARRED, BarredError  # type: ignore[import-not-found]  # the same

FRAME = re.compile(r'File "([^"]+)", line (\d+)')
CAUGHT = re.compile(r"(?P<file>.+?):(?P<line>\d+): (?P<kind>[\w.]+): (?P<text>.*)", re.DOTALL)
GUARDS = ast.Try | ast.If


class Bars:
    """Refuses what a DAG file must not count on here (network, programs, databases), and remembers it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.broken: list[dict[str, Any]] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Be Python's audit hook."""
        if event in BARRED:
            file, line = asked.place(self.folder)
            if file:
                what = f"{BARRED[event]}: {arguments[-1] if event == 'socket.connect' else arguments[0]!r}"
                self.broken.append({"file": file, "line": line, "what": what})
            raise BarredError(f"it {BARRED[event]} while being parsed")


def main(request: dict[str, Any], answer: Path) -> None:
    """Import the files and write what became of each."""
    folder = str(Path(request["folder"]).resolve())
    sys.path.insert(0, folder)
    asked.FOLDER.append(folder + os.sep)
    _warm()
    found = {os.path.relpath(one, folder) for one in _dag_files(folder)}
    with answer.open("w") as lines:
        for name in sorted({*request["files"], *found}):
            begun = time.monotonic()
            report = _forked(Path(folder), name, name in found, request["seconds"])
            lines.write(json.dumps({"file": name, "seconds": time.monotonic() - begun, **report}) + "\n")
            lines.flush()


def _warm() -> None:
    """Import what nearly every DAG file does, once."""
    common = ("airflow.models", "airflow.serialization.serialized_objects", "airflow.sdk")
    for name in (*common, "airflow.providers.standard.operators.python", "airflow.operators.python"):
        try:
            importlib.import_module(name)
        except ImportError:
            continue


def _dag_files(folder: str) -> list[str]:
    from airflow.utils.file import list_py_file_paths

    return [str(path) for path in list_py_file_paths(folder, safe_mode=True)]


def _forked(folder: Path, name: str, is_dag: bool, seconds: float) -> dict[str, Any]:
    """Return what a child process says of a file, or how that ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _say(writing, folder, name, is_dag)
    os.close(writing)
    # Whoever of both is first: it has to lead its group before it can be ended as one.
    with suppress(OSError):
        os.setpgid(child, child)
    text = None
    try:
        text = _heard(reading, time.monotonic() + seconds)
    finally:
        # Also on the way out of this process: what hangs must not be left behind.
        if text is None:
            os.killpg(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(reading)
    if text:
        return dict(json.loads(text))
    if text is None:
        return {"ended": f"it was not done after {seconds:.0f} s"}
    how = f"its process was ended by signal {-code}" if code < 0 else f"it ended its process, with exit code {code}"
    return {"ended": how}


def _heard(reading: int, end: float) -> bytes | None:
    """Return all that a child writes; None if it has not ended by then."""
    parts: list[bytes] = []
    while (left := end - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            part = os.read(reading, 65536)
            if not part:
                return b"".join(parts)
            parts.append(part)
    return None


def _say(writing: int, folder: Path, name: str, is_dag: bool) -> None:
    """Import a file, send what is to say of it, and end."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        report = _looked_at(folder, name, is_dag)
    except BaseException:
        report = {"error": traceback.format_exc(), "place": None}
    with os.fdopen(writing, "wb") as sending:
        sending.write(json.dumps(report).encode())
    os._exit(0)


def _looked_at(folder: Path, name: str, is_dag: bool) -> dict[str, Any]:
    bars = Bars(str(folder) + os.sep)
    sys.addaudithook(bars)
    report: dict[str, Any] = {"is_dag": is_dag, "dags": [], "error": None, "warnings": []}
    if is_dag:
        report |= _imported(folder, name)
    if name.endswith(".py"):
        report["imports"] = list(_failing(folder / name))
    report["lookups"] = [{**one._asdict(), "file": _below(folder, one.file)} for one in asked.LOOKUPS]
    asked_at = {(one.file, one.line) for one in asked.LOOKUPS}
    # Airflow's own look into its database for a variable is no doing of the file's.
    broken = [one for one in bars.broken if (one["file"], one["line"]) not in asked_at]
    report["barred"] = [{**one, "file": _below(folder, one["file"])} for one in broken]
    return report


def _below(folder: Path, file: str) -> str:
    return os.path.relpath(file, folder) if file.startswith(f"{folder}{os.sep}") else file


def _imported(folder: Path, name: str) -> dict[str, Any]:
    bag = _bag()
    bag.process_file(str(folder / name), only_if_updated=False, safe_mode=True)
    error = next(iter(bag.import_errors.values()), None)
    if error is None:
        error = _unserialized(bag)
    caught = [CAUGHT.match(str(text)) for texts in bag.captured_warnings.values() for text in texts]
    warnings = [
        {**found.groupdict(), "file": _below(folder, found["file"]), "line": int(found["line"])}
        for found in caught
        if found and found["file"].startswith(f"{folder}{os.sep}")
    ]
    return {"dags": sorted(bag.dags), "error": error, "place": _place(folder, error or ""), "warnings": warnings}


def _bag() -> Any:
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ModuleNotFoundError:
        from airflow.models.dagbag import DagBag
    return DagBag(os.devnull, collect_dags=False)


def _unserialized(bag: Any) -> str | None:
    """Return why Airflow could not keep one of the DAGs; that is an import error to it."""
    from airflow.serialization import serialized_objects as objects

    serializer = getattr(objects, "DagSerialization", objects.SerializedDAG)
    for dag in bag.dags.values():
        try:
            serializer.to_dict(dag)
        except Exception as error:
            return f"{traceback.format_exc()}\n{type(error).__name__}: {error}"
    return None


def _place(folder: Path, text: str) -> dict[str, Any] | None:
    """Return the innermost line of a traceback that is in the folder."""
    frames = [(file, int(line)) for file, line in FRAME.findall(text) if file.startswith(f"{folder}{os.sep}")]
    return {"file": _below(folder, frames[-1][0]), "line": frames[-1][1]} if frames else None


def _failing(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the imports of Airflow's modules that fail, wherever they stand: those in functions fail in a task only."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    guarded = {id(one) for node in ast.walk(tree) if isinstance(node, GUARDS) for one in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            wanted = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            wanted = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        for module, name in wanted:
            if module.split(".")[0] == "airflow" and (error := _fails(module, name)):
                yield {"line": node.lineno, "name": ".".join(filter(None, (module, name))), "error": error}


def _fails(module: str, name: str) -> str | None:
    try:
        found = importlib.import_module(module)
        if name and name != "*" and not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")
    except ImportError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    # As Ctrl-C: the file that is being imported is ended, too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    main(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
