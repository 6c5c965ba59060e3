"""`mwaa new project`: a small dbt project that builds from an empty warehouse, and its DAG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.new.dag import DAILY, DagWish, check_schedule, dag_file, dag_text
from scripts.new.made import refuse_existing, undone, workplace
from scripts.new.names import check_name
from scripts.paths import Paths

SKELETON = Path(__file__).with_name("skeleton")
PLACE = "my_project"


@dataclass(frozen=True)
class ProjectWish:
    """What a new dbt project is to be: its name, its DAG's schedule and owner; `with_dag` is false for no DAG."""

    name: str
    schedule: str = DAILY
    owner: str = "analytics"
    with_dag: bool = True


def new_project(paths: Paths, wish: ProjectWish) -> list[Path]:
    """Write a dbt project and its DAG, and return their paths.

    Raises:
        ProjectError: if the name is taken or not allowed.
    """
    check_place(paths, wish)
    with workplace(paths) as folder:
        staged = folder / wish.name
        for source in sorted(path for path in SKELETON.rglob("*") if path.is_file()):
            target = staged / source.relative_to(SKELETON)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source.read_text().replace(PLACE, wish.name))
        return place(paths, wish, staged)


def check_place(paths: Paths, wish: ProjectWish) -> None:
    """Raise ProjectError if there can be no new dbt project, or no DAG, of this name."""
    check_name("dbt project", wish.name)
    check_schedule(wish.schedule)
    refuse_existing(paths.root, paths.root / "dbt" / wish.name, "choose another name")
    if wish.with_dag:
        refuse_existing(paths.root, dag_file(paths, wish.name), "choose another name, or add --no-dag")


def place(paths: Paths, wish: ProjectWish, staged: Path) -> list[Path]:
    """Move a finished dbt project to its place, write its DAG, and return their paths; both, or none."""
    folder, dag = paths.root / "dbt" / wish.name, dag_file(paths, wish.name)
    with undone() as made:
        folder.parent.mkdir(exist_ok=True)
        made.append(folder)
        staged.rename(folder)
        if wish.with_dag:
            made.append(dag)
            dag.parent.mkdir(exist_ok=True)
            dag.write_text(dag_text(DagWish(wish.name, wish.name, wish.schedule, owner=wish.owner)))
    return made
