"""A sample of partial syncs, parsed by Airflow itself."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from mwaa_dbt.settings import load
from scripts.paths import Paths
from scripts.venvs import airflow_venv, container
from tests.deploy.conftest import Shape
from tests.deploy.test_chaos import Tree, expected, state_of, tree

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
SAMPLE = 50
DAG = """from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from common import NAME
from mwaa_dbt.project import open_project

with DAG("{dag}", schedule=None, tags=["{name}", NAME, (open_project("shop").folder / "model.sql").read_text()]):
    EmptyOperator(task_id="task")
"""


def test_sample_is_parsed_by_airflow(tmp_path: Path) -> None:
    """Every DAG that Airflow finds is of one whole release, all of them of the same, and none fails while one is."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    old = tree(Shape("A", dags=("shop.py", "old.py"), text=DAG), tmp_path / "a")
    new = tree(Shape("B", dags=("shop.py", "new.py"), text=DAG), tmp_path / "b", before=old)
    states = _states(old, new, random.Random(seed))  # noqa: S311 - chance, no secret
    for number, state in enumerate(states):
        for name, data in state.items():
            path = tmp_path / "containers" / f"{number:02}" / "dags" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    found = _parsed(tmp_path)
    for number, state in enumerate(states):
        answer = found[f"{number:02}"]
        (digest,) = expected(state, old, new) if len(expected(state, old, new)) == 1 else {None}
        files = {name for name in state if name.endswith(".py") and name != "common.py"}
        if digest:
            release = old if digest == old.digest else new
            letter = "A" if release is old else "B"
            wanted = {name.removesuffix(".py"): [letter] for name in files & _dags(letter)}
            assert answer == {"dags": wanted, "errors": {}}, f"seed {seed}, state {number}"


def _dags(letter: str) -> set[str]:
    return {"shop.py", "old.py"} if letter == "A" else {"shop.py", "new.py"}


def _states(old: Tree, new: Tree, chance: random.Random) -> list[dict[str, bytes]]:
    names = sorted({*old.files, *new.files})
    states: list[dict[str, bytes]] = []
    while len(states) < SAMPLE:
        # A file that is cut off is what no sync leaves under its own name, so of Python files there are none.
        kinds = [
            chance.choice(("old", "new", "gone") if name.endswith(".py") else ("old", "new", "new", "gone", "cut"))
            for name in names
        ]
        state = state_of(old, new, kinds) | {".airflowignore": old.files[".airflowignore"]}
        if len(expected(state, old, new)) == 1 and None not in expected(state, old, new):
            states.append(state)
    return states


def _parsed(folder: Path) -> dict[str, dict[str, object]]:
    paths = Paths(ROOT)
    airflow = airflow_venv(paths, load(paths.settings).project.airflow_version)
    environment = container(folder / "airflow", "scheduler") | {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    script = Path(__file__).with_name("parse_all.py")
    done = subprocess.run(
        [airflow.python, script, folder / "containers"], env=environment, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))
