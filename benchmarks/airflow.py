"""An Airflow to measure in: MWAA's version, the built release, and one process per measurement."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from benchmarks.measure import Options, Result, Sample, compare
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import load
from scripts.build import build
from scripts.bundle import KEPT_FILES
from scripts.fingerprint import is_current
from scripts.options import as_variables, project_options
from scripts.paths import Paths
from scripts.release import read_record
from scripts.venvs import airflow_venv, container, dbt_venv

INSIDE = Path(__file__).with_name("inside")
STOCK, OURS = INSIDE / "stock_dag.py", INSIDE / "our_dag.py"
type Kind = Literal["process", "fork", "tasks"]
# A DAG file, and what its process finds in the environment besides.
type Way = tuple[Path, Mapping[str, str]]


@dataclass(frozen=True)
class Place:
    """A copy of build/local that may be written to, and what runs it."""

    folder: Path
    python: Path
    dbt: str
    environment: Mapping[str, str]
    runs: int

    @property
    def dags(self) -> Path:
        """The DAG folder."""
        return self.folder / "dags"

    def manifest(self, project: str) -> Path:
        """The whole manifest of a dbt project of the release; beside it, without .json, the unpacked project."""
        return self.folder / f"{project}.json"


def place(paths: Paths, options: Options) -> Place:
    """Return Airflow, dbt and a copy of the built release, which is built if it is not that of the sources."""
    if not is_current(paths, "local"):
        build(paths, "local")
    folder = options.folder
    # A copy, since Python leaves its __pycache__ in it.
    shutil.copytree(paths.build("local"), folder, dirs_exist_ok=True)
    unzip(folder / "plugins.zip", folder / "home" / "plugins")
    for name, made in read_record(folder)["projects"].items():
        unzip(folder / "dags" / "dbt" / name / f"{made['archive']}.zip", folder / name)
        full = gzip.decompress((folder / KEPT_FILES / made["manifest"]).read_bytes())
        (folder / f"{name}.json").write_bytes(full)
    python = airflow_venv(paths, load(paths.settings).project.airflow_version).python
    dbt = dbt_venv(paths).environment["MWAA_DBT_EXECUTABLE"]
    return Place(folder, python, dbt, _environment(paths, folder), options.runs)


def _environment(paths: Paths, folder: Path) -> dict[str, str]:
    return {
        **container(folder / "home", "worker"),
        **as_variables(project_options(load(paths.settings).environment("local"))),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # What is past Airflow's limit of 30 s is to be measured, too.
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "TMPDIR": str(folder / "home"),
    }


def unzip(archive: Path, folder: Path) -> None:
    """Unpack an archive to a folder."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)


def stock(place: Place, project: Path, manifest: Path | None) -> Way:
    """Return the way of stock Cosmos; without a manifest it asks dbt."""
    environment = {
        "BENCHMARK": json.dumps({"project": str(project), "manifest": str(manifest or ""), "dbt": place.dbt}),
        # Each process asks dbt, as the first parse after a change; later answers Cosmos keeps in a Variable.
        "AIRFLOW__COSMOS__ENABLE_CACHE_DBT_LS": "False",
    }
    return STOCK, environment


def parse(place: Place, kind: Kind, way: Way) -> Sample:
    """Parse a DAG file in a new process, or in a fork of one, and return what was measured there.

    Raises:
        ProjectError: if it fails.
    """
    found = _answer(place, kind, way)
    return Sample(found.pop("seconds"), found)


def task_ids(place: Place, way: Way) -> list[str]:
    """Return the ids of a DAG's tasks, in order."""
    return list(_answer(place, "tasks", way)["ids"])


def _answer(place: Place, kind: Kind, way: Way) -> dict[str, Any]:
    (dag, environment), answer = way, place.folder / "answer.json"
    answer.unlink(missing_ok=True)
    done = subprocess.run(
        [place.python, INSIDE / "parse.py", kind, dag, answer],
        env={**place.environment, **environment},
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if not answer.is_file():
        output = (done.stdout + done.stderr).strip()[-3000:]
        raise ProjectError(f"The measured DAG failed:\n{output}", str(dag), "mend what it names, then run this again")
    return dict(json.loads(answer.read_text()))


def compare_ways(title: str, place: Place, kind: Kind, ways: Mapping[str, Way]) -> Result:
    """Measure several ways to a DAG."""
    # The first run of each compiles, unpacks and fills caches: what a container pays once.
    for way in ways.values():
        parse(place, kind, way)
    return compare(title, {what: partial(parse, place, kind, way) for what, way in ways.items()}, place.runs)
