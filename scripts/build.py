"""`mwaa build`: sources to build/<environment>/, laid out exactly as S3 will hold it."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, Settings, load, shipped
from scripts import connections, release
from scripts.archive import full_manifest, pack, zip_folder
from scripts.console import step
from scripts.dbt import Dbt
from scripts.fingerprint import fingerprint, note
from scripts.paths import PACKAGE, Paths
from scripts.projects import DbtProject, find_projects, stage
from scripts.prove import Parsed, prove
from scripts.venvs import Airflow, airflow_venv, container, dbt_venv

PINS = re.compile(r"(cat <<'PINS'\n).*?(^PINS$)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Build:
    """A proved build: its folder, its release name and what its DAGs hold."""

    folder: Path
    release: str
    parsed: list[Parsed]


@dataclass(frozen=True)
class Work:
    """One build under way: sources, target environment, and the folder that nobody reads yet."""

    paths: Paths
    name: str
    settings: Settings
    folder: Path

    @property
    def environment(self) -> Environment:
        """The environment that is built for."""
        return self.settings.environment(self.name)

    @property
    def out(self) -> Path:
        """What will become build/<environment>/."""
        return self.folder / "out"


def build(paths: Paths, environment: str) -> Build:
    """Build an environment's release and prove it; build/<environment>/ is replaced only when all is well.

    Raises:
        ProjectError: if a setting, dbt project, pin or DAG is wrong; the build before is left as it was.
    """
    with _alone(paths):
        try:
            return _build(paths, environment)
        finally:
            shutil.rmtree(_workplace(paths, environment), ignore_errors=True)


def _workplace(paths: Paths, environment: str) -> Path:
    return paths.state / f"build-{environment}"


@contextmanager
def _alone(paths: Paths) -> Iterator[None]:
    """Keep a second build out; the kernel frees the lock of one that was killed."""
    paths.state.mkdir(exist_ok=True)
    with (paths.state / "build.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ProjectError(
                "Another build is under way in this project.", ".mwaa/build.lock", "wait for it, then run this again"
            ) from None
        yield


def _build(paths: Paths, environment: str) -> Build:
    settings, made_of = load(paths.settings), fingerprint(paths)
    settings.environment(environment)
    projects = find_projects(paths.root / "dbt")
    work = Work(paths, environment, settings, _empty(_workplace(paths, environment)))
    _copy_sources(work)
    with step("virtualenvs of Airflow and dbt"):
        airflow = airflow_venv(paths, settings.project.airflow_version)
        dbt = dbt_venv(paths, work.out / "startup.sh").environment
    staged = stage(projects, work.folder / "dbt")
    profiles = _profiles(work, airflow, staged)
    for project in staged:
        own = profiles / project.name
        variables = dbt | json.loads((own / "secrets.json").read_text())
        _archive(work, project, Dbt(dbt["MWAA_DBT_EXECUTABLE"], variables, own, environment))
    name = _point(work)
    with step("every DAG imports, without dbt, network or connections") as notes:
        parsed = prove(airflow, work.out, work.folder)
        notes.append(f"{len(parsed)} DAGs")
    _record(work, name, staged, parsed)
    made = Build(_publish(work), name, parsed)
    note(paths, environment, made_of)
    return made


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _copy_sources(work: Work) -> None:
    root, out = work.paths.root, work.out
    _check_pins(root, work.settings)
    ignored = shutil.ignore_patterns("__pycache__", "settings.json", ".DS_Store")
    shutil.copytree(root / "dags", out / "dags", ignore=ignored)
    (out / "dags" / "mwaa_dbt" / "settings.json").write_text(shipped(work.name, work.environment))
    shutil.copy2(root / "requirements.txt", out)
    zip_folder(root / "plugins", out / "plugins.zip")
    (out / "startup.sh").write_text(stamp((root / "startup.sh").read_text(), root / "dbt" / "requirements.txt"))


def _check_pins(root: Path, settings: Settings) -> None:
    pin = re.search(r"^apache-airflow==(\S+)", (root / "requirements.txt").read_text(), re.MULTILINE)
    if not pin or pin[1] != settings.project.airflow_version:
        raise ProjectError(
            f"requirements.txt pins apache-airflow {pin[1] if pin else 'nowhere'}, settings.toml says "
            f"{settings.project.airflow_version}; MWAA would replace its own Airflow.",
            "requirements.txt",
            f"write apache-airflow=={settings.project.airflow_version}",
        )


def stamp(script: str, pins: Path) -> str:
    """Return startup.sh with the dbt pins in it, for containers where the DAG folder is not there yet."""
    # As pip does: `#` begins a comment only at the line's beginning or after a blank.
    lines = [re.sub(r"(^|\s+)#.*", "", line).strip() for line in pins.read_text().splitlines()]
    text = "".join(f"{line}\n" for line in lines if line)
    stamped, count = PINS.subn(lambda match: match[1] + text + match[2], script)
    if count != 1:
        raise ProjectError("startup.sh has no place for the pins.", "startup.sh", "restore its `cat <<'PINS'` block")
    return stamped


def _profiles(work: Work, airflow: Airflow, projects: list[DbtProject]) -> Path:
    folder, environment = work.folder / "profiles", work.environment
    variable = f"AIRFLOW_CONN_{environment.snowflake.connection.upper()}"
    connection = json.dumps(connections.snowflake(environment, connections.PLACEHOLDER))
    with step("dbt profiles, written by the code that writes them in a task"):
        done = subprocess.run(
            [airflow.python, PACKAGE / "inside" / "profiles.py", folder, *(project.name for project in projects)],
            env={
                **container(work.folder / "home", "worker"),
                "PYTHONPATH": str(work.out / "dags"),
                "PYTHONDONTWRITEBYTECODE": "1",
                variable: connection,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ProjectError(
            f"Cosmos made no profile: {done.stderr.strip().splitlines()[-1]}",
            f"settings.toml, environments.{work.name}.snowflake",
            "mend that setting",
        )
    return folder


def _archive(work: Work, project: DbtProject, dbt: Dbt) -> None:
    with step(f"dbt project {project.name}") as notes:
        notes.append(dbt.deps(project))
        dbt.parse(project)
        path = pack(project, work.out / "dags" / "dbt" / project.name)
        notes.append(f"{path.stat().st_size / 1024:.0f} kB")


def _point(work: Work) -> str:
    """Write the pointer and return the release's name."""
    folder = work.out / "dags" / "dbt"
    name = release.describe(work.out).name
    archives = {path.parent.name: {"digest": path.stem, "size": path.stat().st_size} for path in folder.glob("*/*.zip")}
    (folder / "current.json").write_text(json.dumps({"release": name, "projects": archives}, sort_keys=True) + "\n")
    return name


def _record(work: Work, name: str, projects: list[DbtProject], parsed: list[Parsed]) -> None:
    folder = work.out / "releases" / name
    for project in projects:
        (folder / project.name).mkdir(parents=True)
        (folder / project.name / "manifest.json").write_bytes(full_manifest(project))
    described = release.Release(name, release.describe(work.out).files)
    dags = {"dags": [{**asdict(one), "nodes": len(one.nodes), "seconds": round(one.seconds, 1)} for one in parsed]}
    record = release.record(work.paths, work.name, described, dags)
    (folder / "release.json").write_text(json.dumps(record, indent=2) + "\n")


def _publish(work: Work) -> Path:
    target, old = work.paths.build(work.name), work.folder / "old"
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        target.rename(old)
    work.out.rename(target)
    return target
