"""The real import of each DAG file, with the new version of Airflow and the requirements that MWAA would install."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from mwaa_dbt.errors import ProjectError
from scripts.console import Notes
from scripts.migrate.check.finding import Finding, Rule
from scripts.options import as_variables
from scripts.paths import PACKAGE, Paths
from scripts.venvs import Airflow, airflow_folder, airflow_lock, container, install

IMPORT = Rule("import", "breaks", "a DAG file that does not import")
HANGS = Rule("import-ends", "breaks", "a DAG file that hangs, or ends the process that imports it")
WARNING = Rule("warning", "deprecated", "a warning of the new version while it imports")
LOOKUP = Rule("import-lookup", "unknown", "an import that ends at a variable or connection")
BARRED = Rule("import-barred", "unknown", "an import that wants a network, a database or a program")
SECONDS = 30.0  # Airflow's own core.dagbag_import_timeout
GRACE = 5.0  # seconds that are left to Airflow's own limit
ALLOWED = ("AIRFLOW_VAR_", "AIRFLOW_CONN_")
PATH = re.compile(r" \((/[^)]*|unknown location)\)|; '[\w.]+' is not a package")
UNSET = re.compile(r"does not exist|isn't defined|not found|AirflowNotFoundException|VARIABLE_NOT_FOUND", re.IGNORECASE)


class Wish(NamedTuple):
    """What to import: the folder of DAGs, all Python files below it, plugins, options, and seconds for each file."""

    dags: Path
    files: list[str]
    plugins: Path | None
    options: Mapping[str, str]
    seconds: float


def target(paths: Paths, version: str, text: str) -> Airflow:
    """Return a virtualenv with just what a lock's text names; it is made once for a text.

    The rehearsal's own serves where its lock says the same.
    """
    own, lock = airflow_folder(paths, version), airflow_lock(paths, version)
    if own.python.exists() and lock.is_file() and _pins(lock.read_text()) == _pins(text):
        return own
    digest = hashlib.sha256(text.encode()).hexdigest()
    venv = Airflow(paths.state / "check" / f"airflow-{version}-{digest[:12]}")
    marker = venv.folder / "lock.sha256"
    if not marker.is_file():
        venv.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", dir=venv.folder.parent) as file:
            file.write(text)
            file.flush()
            install(venv, Path(file.name))
        marker.write_text(digest)
    return venv


def _pins(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#")}


def run(airflow: Airflow, wish: Wish, notes: Notes) -> list[dict[str, Any]]:
    """Import the files and return what the importer says of each (scripts/inside/importer.py).

    Raises:
        ProjectError: if the importer itself fails.
    """
    with tempfile.TemporaryDirectory() as home:
        request, answer = Path(home) / "request.json", Path(home) / "answer.jsonl"
        told = {"folder": str(wish.dags), "files": wish.files, "seconds": wish.seconds + GRACE}
        request.write_text(json.dumps(told))
        with (Path(home) / "output.txt").open("w+") as output:
            process = subprocess.Popen(
                [airflow.python, PACKAGE / "inside" / "importer.py", request, answer],
                env=_environment(Path(home), wish),
                cwd=home,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                _watch(process, answer, len(wish.files), notes)
            finally:
                with suppress(ProcessLookupError):
                    process.terminate()
                process.wait()
            output.seek(0)
            said = output.read().strip()[-2000:]
        if process.returncode:
            raise ProjectError(f"The import itself failed:\n{said}", str(wish.dags), "run it again with --no-import")
        return [json.loads(line) for line in answer.read_text().splitlines()]


def _watch(process: subprocess.Popen[bytes], answer: Path, files: int, notes: Notes) -> None:
    while process.poll() is None:
        time.sleep(0.1)
        done = answer.read_text().count("\n") if answer.exists() else 0
        notes.now(f"import of {files} files … {done} done")


def _environment(home: Path, wish: Wish) -> dict[str, str]:
    heeded = {name: value for name, value in wish.options.items() if name.startswith("core.dag_")}
    return {
        **container(home, "scheduler"),
        **{name: value for name, value in os.environ.items() if name.startswith(ALLOWED)},
        **as_variables(heeded),
        "PATH": os.defpath,
        "AIRFLOW__CORE__DAGS_FOLDER": str(wish.dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(wish.plugins or home / "plugins"),
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "100",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": str(wish.seconds),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__SECRETS__BACKEND": "asked_backend.Backend",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "default",
        "TMPDIR": str(home),
    }


def findings(reports: list[dict[str, Any]], prefix: str) -> Iterator[Finding]:
    """Yield what the importer found; `prefix` leads from the report's folder to the DAGs'."""
    for report in reports:
        name = prefix + report["file"]
        if ended := report.get("ended"):
            fix = "do nothing at a file's top level that waits, or ends the process"
            yield HANGS.at(name, 0, f"while it is imported {ended}", fix, proved=True)
            continue
        if report.get("error"):
            yield _failed(report, prefix)
        first = report.get("place") or {}
        for one in report.get("imports", ()):
            # The one that ended the import of the file is told above.
            if (report["file"], one["line"]) == (first.get("file"), first.get("line")):
                continue
            what = f"the import of {one['name']} fails: {_short(one['error'])}"
            yield IMPORT.at(name, one["line"], what, _instead(one["error"]), proved=True)
        for one in report.get("warnings", ()):
            yield _warned(one, prefix)


def _failed(report: dict[str, Any], prefix: str) -> Finding:
    place = report["place"] or {"file": report["file"], "line": 0}
    file, line, error = prefix + place["file"], place["line"], _short(report["error"].strip().splitlines()[-1])
    for one in report.get("lookups", ()):
        if (one["file"], one["line"]) == (place["file"], place["line"]) and UNSET.search(report["error"]):
            what = f"the import ends here: {one['kind']} {one['name']!r} is not on this machine; the rest was not seen"
            variable = f"AIRFLOW_{'VAR' if one['kind'] == 'variable' else 'CONN'}_{one['name'].upper()}"
            return LOOKUP.at(file, line, what, f"export {variable}=… and run it again")
    for one in report.get("barred", ()):
        what = f"the import ends here: it {one['what']}, so the rest was not looked at"
        fix = "do that in a task; a DAG file is imported every 30 s, and in each task"
        return BARRED.at(prefix + one["file"], one["line"], what, fix)
    return IMPORT.at(file, line, error, _instead(error), proved=True)


def _short(error: str) -> str:
    return " ".join(PATH.sub("", error).split())[:300]


def _instead(error: str) -> str:
    if "airflow.providers." in error and "No module" in error:
        found = re.search(r"airflow\.providers\.(\w+(?:\.\w+)*)", error)
        return f"add the provider of {found[0]} to requirements.txt" if found else "add its provider"
    return "mend that line"


def _warned(one: dict[str, Any], prefix: str) -> Finding:
    text = _short(one["text"].splitlines()[0])
    kind = one["kind"].rpartition(".")[2]
    return WARNING.at(prefix + one["file"], one["line"], f"{kind}: {text}", "follow it")
