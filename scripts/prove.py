"""The proof of a build: every DAG imports, fast enough, with nothing to lean on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape

from mwaa_dbt.errors import ProjectError
from scripts.console import err
from scripts.options import IGNORE_SYNTAX
from scripts.paths import PACKAGE
from scripts.venvs import Airflow, container

# Airflow's core.dagbag_import_timeout, in seconds; a file that takes longer vanishes from the UI.
BUDGET = 30.0


@dataclass(frozen=True)
class Parsed:
    """One DAG as it parsed: its file, id, number of tasks, dbt nodes, and the file's seconds."""

    file: str
    dag: str
    tasks: int
    nodes: list[str]
    seconds: float


def prove(airflow: Airflow, build: Path, state: Path, budget: float = BUDGET) -> list[Parsed]:
    """Import all DAGs of a build in a process of their own and return what they hold.

    Raises:
        ProjectError: on an import error, a file without a DAG, a parse over the budget, or a DAG that waits for a
            dbt table which none builds.
    """
    with tempfile.TemporaryDirectory(dir=state) as folder:
        reports = _probe(airflow, build / "dags", Path(folder))
    for report in reports:
        _check(report, budget)
        for text in report["warnings"]:
            err.print(f"[yellow]![/] {escape(f'dags/{report["file"]}, {text}')}")
    _check_waits(reports)
    if not reports:
        raise ProjectError("There is no DAG file.", "dags/", "add one, e.g. dags/jaffle_shop.py as in the README")
    return [
        Parsed(report["file"], dag["dag"], dag["tasks"], dag["nodes"], report["seconds"])
        for report in reports
        for dag in report["dags"]
    ]


def _probe(airflow: Airflow, dags: Path, folder: Path) -> list[dict[str, Any]]:
    answer = folder / "answer.json"
    done = subprocess.run(
        [airflow.python, PACKAGE / "inside" / "probe.py", dags, answer],
        env=_bare(folder, dags),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if not answer.is_file():
        output = (done.stdout + done.stderr).strip()[-3000:]
        raise ProjectError(f"The DAG check itself failed:\n{output}", str(dags), "run the command again")
    return list(json.loads(answer.read_text()))


def _bare(folder: Path, dags: Path) -> dict[str, str]:
    # No PATH to dbt, no connection, no AWS: a DAG that needs any of them while parsing fails here.
    return {
        **container(folder, "scheduler"),
        "PATH": os.defpath,
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        # Enough to reach from a failure inside a package to the DAG file's own line.
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "100",
        "AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX": IGNORE_SYNTAX,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(folder),
    }


def _check(report: dict[str, Any], budget: float) -> None:
    where = f"dags/{report['file']}"
    if report["error"]:
        raise _import_error(report["error"], where)
    if not report["dags"]:
        raise ProjectError(
            "The file holds no DAG that Airflow finds.",
            where,
            "define one with `with DAG(…):` (the text must contain 'airflow' and 'dag'), or move the file out of dags/",
        )
    if report["seconds"] > budget:
        raise ProjectError(
            f"The file takes {report['seconds']:.1f} s to parse; Airflow gives up after {budget:.0f} s.",
            where,
            "split it, or select less of the dbt project in it",
        )


def _check_waits(reports: list[dict[str, Any]]) -> None:
    told = {uri for report in reports for dag in report["dags"] for uri in dag["tells"]}
    for report in reports:
        for dag in report["dags"]:
            if lacking := sorted(set(dag["waits"]) - told):
                raise ProjectError(
                    f"The DAG {dag['dag']!r} would never run: no DAG builds {', '.join(lacking)}.",
                    f"dags/{report['file']}",
                    "render that model in a DAG by `dbt_group`, or wait for another one",
                )


def _import_error(text: str, where: str) -> ProjectError:
    # An error of our own keeps its three parts; any other is shown as Python's last line.
    if own := re.search(r"ProjectError: (.*?)\n\s+where: (.*?)\n\s+fix:\s+(.*)", text, re.DOTALL):
        return ProjectError(own[1].strip(), f"{where} → {own[2].strip()}", own[3].strip())
    # The stub's own frames name lines that nobody wrote.
    line = re.findall(rf"/releases/\w+/{re.escape(where)}\", line (\d+)", text)
    last = text.strip().splitlines()[-1]
    place, fix = (f"{where}, line {line[-1]}", "mend that line") if line else (where, "mend what it names")
    return ProjectError(f"The DAG file does not import: {last}", place, fix)
