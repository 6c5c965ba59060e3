"""What `mwaa dev` sets up for one dbt project: a warehouse, a copy of the project, a dbt that stays."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mwaa_dbt.errors import ProjectError
from scripts.alone import alone
from scripts.console import step
from scripts.dbt import Dbt
from scripts.dev.mirror import Mirror
from scripts.dev.session import Answer, Session, open_session
from scripts.dev.warehouse import open_warehouse
from scripts.hooks import wrap_hooks
from scripts.paths import Paths
from scripts.projects import LOCK, DbtProject
from scripts.sources import dbt_of_sources

WISHES = ("packages.yml", "dependencies.yml", LOCK)


@dataclass(frozen=True)
class Kit:
    """One project at one target: its sources, their copy, dbt as a command and as one that stays, the schema."""

    source: DbtProject
    mirror: Mirror
    staged: DbtProject
    dbt: Dbt
    session: Session
    schema: str

    def follow(self) -> list[str]:
        """Bring the copy up to the sources and return the files that differed."""
        changed = self.mirror.follow()
        if set(changed) & set(WISHES):
            shutil.rmtree(self.staged.packages, ignore_errors=True)
        if set(changed) & {"dbt_project.yml", *WISHES}:
            self.install()
        return changed

    def install(self) -> None:
        """Install the packages if they are not there, and let hooks be switched off."""
        if self.staged.wants_packages and not self.staged.packages.is_dir():
            with step("dbt deps") as notes:
                notes.append(self.dbt.deps(self.staged))
        wrap_hooks(self.staged)

    def build(self, files: list[str], rows: int, select: list[str], everything: bool) -> Answer:
        """Run what has changed, or what is chosen, and return what came of it."""
        return self.session.ask(do="build", files=files, rows=rows, select=select, everything=everything)


@contextmanager
def open_kit(paths: Paths, project: DbtProject, environment: str) -> Iterator[Kit]:
    """Yield a project ready to be built from its sources; a second one of it at the same time is refused.

    Raises:
        ProjectError: if the environment, the connection or dbt is not to be had.
    """
    folder = paths.state / "dev" / environment / project.name
    lock = folder / "lock"
    busy = ProjectError(f"`mwaa dev` runs for {project.name} already.", str(lock), "use that one, or end it first")
    with alone(lock, busy), open_warehouse(paths, environment) as warehouse:
        staged = DbtProject(project.name, folder / "project" / project.name)
        record = folder / "built.json"
        if warehouse.empty:
            record.unlink(missing_ok=True)
        for made in ("dags", "profiles", "home"):
            shutil.rmtree(folder / made, ignore_errors=True)
        with step("dbt profile, written by the code that writes it in a task"):
            target, variables = warehouse.target, warehouse.variables
            dbt = dbt_of_sources(paths, target, [project.name], folder, variables)(project)
        schema = warehouse.schema(project.name)
        (mirror := Mirror(project, staged.folder)).follow()
        with open_session(dbt, staged, schema, record) as session:
            kit = Kit(project, mirror, staged, dbt, session, schema)
            kit.install()
            yield kit
