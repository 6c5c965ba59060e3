"""The options that a version of Airflow knows, asked of Airflow itself where it is installed here."""

from __future__ import annotations

import difflib
import json
import subprocess
from collections.abc import Collection, Iterator, Mapping

from scripts.paths import PACKAGE, Paths
from scripts.refused import Refusal
from scripts.venvs import airflow_folder, container

# As like as this: of eight letters one is another.
ALIKE = 0.87
# Cosmos reads many more options than it declares.
UNDECLARED = ("cosmos.",)


def known_options(paths: Paths, airflow: str) -> frozenset[str]:
    """Return each option of Airflow and its providers as section.option; none if that version is not installed here."""
    venv = airflow_folder(paths, airflow)
    if not venv.python.is_file():
        return frozenset()
    command = [venv.python, PACKAGE / "inside" / "options.py"]
    environment = container(paths.state / "lookup", "worker")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return frozenset(json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else frozenset()


def mistyped(given: Mapping[str, str], known: Collection[str], airflow: str) -> Iterator[Refusal]:
    """Yield the options that Airflow does not know, but for one letter or two."""
    for name in given:
        if known and name not in known and not name.startswith(UNDECLARED):
            for meant in difflib.get_close_matches(name, known, n=1, cutoff=ALIKE):
                yield Refusal(name, f"Airflow {airflow} knows no such option", f'did you mean "{meant}"?')
