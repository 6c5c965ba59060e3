"""The corpus: files that work on Airflow 2.11.2 and break or change on 3.3.1, and what proves both."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from scripts.venvs import Airflow

FOLDER = Path(__file__).parents[1] / "corpus"
RUNNER = Path(__file__).with_name("run_corpus.py")
SUMMARY = "answers.json"


class Snippet(NamedTuple):
    """A file of the corpus: how it breaks ("import", "run", "run asset") or "differs", and the rule that finds it."""

    name: str
    kind: str
    rule: str


def snippets() -> list[Snippet]:
    """Return the files of the corpus, as their docstrings say."""
    found = []
    for path in sorted(FOLDER.rglob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        kind, rule = (re.search(pattern, text) for pattern in (r"on 3\.3\.1: (.+)", r"found by: (.+)"))
        assert kind, path
        assert rule, path
        found.append(Snippet(path.relative_to(FOLDER).as_posix(), kind[1], rule[1]))
    return found


def run(airflow: Airflow, home: Path) -> dict[str, Any]:
    """Return what becomes of each file with an Airflow, in a home of its own."""
    environment = {
        "PATH": f"{airflow.folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        # Else the supervisor waits for seconds after each task.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "NOTES": str(home / "notes.txt"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (home / "output.txt").open("w") as output:
        run_it = [str(airflow.python), str(RUNNER), str(FOLDER), str(home / SUMMARY)]
        for command in ([str(airflow.airflow), "db", "migrate"], run_it):
            subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=home, check=True)
    return dict(json.loads((home / SUMMARY).read_text()))
