"""`mwaa build`: sources to build/<environment>/, laid out exactly as S3 will hold it."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, Settings, load, shipped
from scripts import connections
from scripts.alone import alone
from scripts.archive import full_manifest, pack, zip_folder
from scripts.bundle import Made, bundle, keep, stamp_container, write_record
from scripts.console import err, step
from scripts.dbt import Dbt
from scripts.docs import write_list, write_page
from scripts.fingerprint import fingerprint
from scripts.hooks import wrap_hooks
from scripts.paths import Paths
from scripts.profiles import ProfileWriter
from scripts.projects import DbtProject, find_projects, stage
from scripts.prove import Parsed, prove
from scripts.references import check_references
from scripts.release import SHORT, provenance
from scripts.secrets.adapter import check_adapter
from scripts.venvs import Airflow, airflow_venv, dbt_venv, requirements_of

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

    @property
    def code(self) -> Path:
        """What will become the release's archive: DAG files, helper package, settings."""
        return self.folder / "code"


def build(paths: Paths, environment: str) -> Build:
    """Build an environment's release and prove it; build/<environment>/ is replaced only when all is well.

    Raises:
        ProjectError: if a setting, dbt project, pin or DAG is wrong; the build before is left as it was.
    """
    busy = ProjectError(
        "Another build is under way in this project.", ".mwaa/build.lock", "wait for it, then run this again"
    )
    with alone(paths.state / "build.lock", busy):
        try:
            return _build(paths, environment)
        finally:
            shutil.rmtree(_workplace(paths, environment), ignore_errors=True)


def _workplace(paths: Paths, environment: str) -> Path:
    return paths.state / f"build-{environment}"


def _build(paths: Paths, environment: str) -> Build:
    settings, made_of = load(paths.settings), fingerprint(paths)
    settings.environment(environment)
    projects = find_projects(paths.root / "dbt")
    if not projects:
        err.print(
            "[yellow]![/] dbt/ has no dbt project yet: copy the folder of one into it, then make its DAG (README.md)"
        )
    work = Work(paths, environment, settings, _empty(_workplace(paths, environment)))
    _copy_sources(work)
    with step("virtualenvs of Airflow and dbt"):
        airflow = airflow_venv(paths, settings.project.airflow_version)
        dbt = dbt_venv(paths, work.out / "startup.sh").environment
    staged = stage(projects, work.folder / "dbt")
    profiles, secrets = _profiles(work, airflow, staged)
    made = {}
    for project in staged:
        own = Dbt(dbt["MWAA_DBT_EXECUTABLE"], dbt | secrets, profiles / project.name, environment)
        made[project.name] = _archive(work, project, own)
    check_references(staged)
    write_list(staged, work.out)
    digest = bundle(work.code, work.out, {name: project.archive for name, project in made.items()}, environment)
    with step("every DAG imports, without dbt, network or connections") as notes:
        parsed = prove(airflow, work.out, work.folder)
        notes.append(f"{len(parsed)} DAGs")
    dags = [{**asdict(one), "nodes": len(one.nodes), "seconds": round(one.seconds, 1)} for one in parsed]
    about = {"environment": environment, "sources": made_of, **provenance(paths.root), "dags": dags}
    write_record(work.out, digest, {name: asdict(project) for name, project in made.items()}, about)
    return Build(_publish(work), digest[:SHORT], parsed)


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _copy_sources(work: Work) -> None:
    root, out = work.paths.root, work.out
    _check_pins(root, work.settings)
    check_adapter(root, work.environment.snowflake)
    ignored = shutil.ignore_patterns("__pycache__", "settings.json", ".DS_Store")
    shutil.copytree(root / "dags", work.code / "dags", ignore=ignored)
    (work.code / "dags" / "mwaa_dbt" / "settings.json").write_text(shipped(work.name, work.environment))
    out.mkdir()
    shutil.copy2(root / "requirements.txt", out)
    zip_folder(root / "plugins", out / "plugins.zip")
    (out / "startup.sh").write_text(stamp((root / "startup.sh").read_text(), root / "dbt" / "requirements.txt"))
    stamp_container(out)


def _check_pins(root: Path, settings: Settings) -> None:
    pin = re.search(r"^apache-airflow==(\S+)", (root / "requirements.txt").read_text(), re.MULTILINE)
    wanted = settings.project.airflow_version
    if not pin or pin[1] != wanted:
        ready = requirements_of(root, wanted)
        pins = f", and the pins that go with it: {ready.relative_to(root)} has them" if ready.is_file() else ""
        raise ProjectError(
            f"requirements.txt pins apache-airflow {pin[1] if pin else 'nowhere'}, settings.toml says "
            f"{wanted}; MWAA would replace its own Airflow.",
            "requirements.txt",
            f"write apache-airflow=={wanted}{pins}",
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


def _profiles(work: Work, airflow: Airflow, projects: list[DbtProject]) -> tuple[Path, dict[str, str]]:
    folder, environment = work.folder / "profiles", work.environment
    writer = ProfileWriter(airflow, work.code / "dags", folder)
    connection = connections.snowflake(environment, connections.PLACEHOLDER)
    with step("dbt profiles, written by the code that writes them in a task"):
        return folder, writer.write([project.name for project in projects], environment, connection)


def _archive(work: Work, project: DbtProject, dbt: Dbt) -> Made:
    with step(f"dbt project {project.name}") as notes:
        notes.append(dbt.deps(project))
        wrap_hooks(project)
        dbt.parse(project)
        path = pack(project, work.out / "dags" / "dbt" / project.name)
        notes.append(f"{path.stat().st_size / 1024:.0f} kB")
        notes.append(f"docs {write_page(project, dbt, work.out) / 1024:.0f} kB")
        return Made(path.stem, keep(work.out, full_manifest(project)))


def _publish(work: Work) -> Path:
    target, old = work.paths.build(work.name), work.folder / "old"
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        target.rename(old)
    work.out.rename(target)
    return target
