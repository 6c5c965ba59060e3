"""`mwaa new project`, `dag`, `model`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.console import out
from scripts.flags import Json, takes
from scripts.paths import Paths, find_project

app = typer.Typer(no_args_is_help=True, help="A new dbt project, DAG or model; nothing has to be registered.")
Name = Annotated[str | None, typer.Argument(help="Small letters, digits and _. \\[default: asked for]")]
Project = Annotated[
    str | None, typer.Option("--project", "-p", help="A folder in dbt/. \\[default: the only one]", metavar="NAME")
]
Schedule = Annotated[str, typer.Option(help="Five fields of cron (UTC), @daily and the like, or none.")]
Owner = Annotated[str, typer.Option(help="Whom Airflow's UI shows as owner.")]


@dataclass(frozen=True)
class NewProject:
    """The options of `mwaa new project`."""

    name: Name = None
    source: Annotated[
        str | None, typer.Option("--from", help="Bring in this one: a folder, or a git URL.", metavar="PLACE")
    ] = None
    ref: Annotated[str | None, typer.Option(help="With a git URL: a branch or tag.")] = None
    folder: Annotated[
        str | None, typer.Option(help="With --from: the folder in it that has dbt_project.yml.", metavar="PATH")
    ] = None
    schedule: Schedule = "0 5 * * *"
    owner: Owner = "analytics"
    no_dag: Annotated[bool, typer.Option("--no-dag", help="Write no DAG.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --from: examine it, write nothing.")] = False
    as_json: Json = False

    def check(self) -> None:
        """Refuse what goes with --from alone."""
        for option, given in (("--ref", self.ref), ("--folder", self.folder), ("--dry-run", self.dry_run)):
            if given and not self.source:
                raise typer.BadParameter("goes with --from", param_hint=option)


@app.command()
@takes(NewProject)
def project(**given: Any) -> None:
    """Make a dbt project and its DAG, or bring an existing dbt project in and say what must change.

    A project that is brought in is copied without what dbt makes; its packages are locked, its SQL is read as
    Snowflake reads it. Exit code 1 if something must change.

    Example: mwaa new project --from https://github.com/example/shop.git --ref v2
    """
    from scripts.new import show
    from scripts.new.bring import bring
    from scripts.new.chosen import ask
    from scripts.new.project import ProjectWish, new_project
    from scripts.new.source import Source

    (wanted := NewProject(**given)).check()
    paths = find_project()
    name = wanted.name or ("" if wanted.source else ask("Name of the dbt project", "NAME"))
    wish = ProjectWish(name, wanted.schedule, wanted.owner, not wanted.no_dag)
    if wanted.source is None:
        _written(paths, new_project(paths, wish), _run(wish.name, wish.with_dag), wanted.as_json)
        return
    brought = bring(paths, wish, Source(wanted.source, wanted.ref, wanted.folder), wanted.dry_run)
    if wanted.as_json:
        out.print_json(json.dumps(show.as_table(brought, paths)))
    else:
        show.show(brought, paths, wanted.dry_run, _run(brought.name, wish.with_dag))
    raise typer.Exit(1 if brought.blocked else 0)


@dataclass(frozen=True)
class NewDag:
    """The options of `mwaa new dag`."""

    name: Name = None
    project: Project = None
    schedule: Schedule = "0 5 * * *"
    select: Annotated[
        list[str] | None, typer.Option("--select", help="Only these nodes, in dbt's syntax; may be given again.")
    ] = None
    owner: Owner = "analytics"
    as_json: Json = False


@app.command()
@takes(NewDag)
def dag(**given: Any) -> None:
    """Make a DAG that runs a dbt project, or a part of it.

    Example: mwaa new dag finance --project jaffle_shop --select +tag:finance --schedule @hourly
    """
    from scripts.new.chosen import ask, choose_project
    from scripts.new.dag import DagWish, new_dag

    wanted = NewDag(**given)
    paths = find_project()
    name = wanted.name or ask("Name of the DAG", "NAME")
    chosen = choose_project(paths, wanted.project, "--project").name
    path = new_dag(paths, DagWish(name, chosen, wanted.schedule, tuple(wanted.select or ()), wanted.owner))
    _written(paths, [path], f"mwaa local run {name}", wanted.as_json)


@dataclass(frozen=True)
class NewModel:
    """The options of `mwaa new model`."""

    name: Name = None
    project: Project = None
    folder: Annotated[
        str | None, typer.Option(help="Below models/: staging, marts/finance. \\[default: by the name]", metavar="PATH")
    ] = None
    reads: Annotated[
        list[str] | None,
        typer.Option("--reads", help="A model, seed or snapshot, or source.table; may be given again.", metavar="NAME"),
    ] = None
    description: Annotated[str, typer.Option(help="What one row is.")] = ""
    as_json: Json = False


@app.command()
@takes(NewModel)
def model(**given: Any) -> None:
    """Make a model: its SQL, and its entry in the folder's properties file.

    Without --folder, stg_… goes to staging, int_… to intermediate, all else to marts.

    Example: mwaa new model customer_orders --project jaffle_shop --reads customers --reads orders
    """
    from scripts.new.chosen import ask, choose_project
    from scripts.new.model import ModelWish, new_model, usual_folder

    wanted = NewModel(**given)
    paths = find_project()
    chosen = choose_project(paths, wanted.project, "--project")
    name = wanted.name or ask("Name of the model", "NAME")
    reads = wanted.reads if wanted.reads or wanted.name else _asked_list("It reads (names with blanks between)")
    wish = ModelWish(name, wanted.folder or usual_folder(name), tuple(reads or ()), wanted.description)
    made = new_model(chosen, wish)
    _written(paths, [made.model, made.properties], f"mwaa dev {chosen.name} --once --select {name}", wanted.as_json)


def _run(name: str, with_dag: bool) -> str:
    return f"mwaa local run {name}" if with_dag else f"mwaa new dag --project {name}"


def _written(paths: Paths, files: Sequence[Path], following: str, as_json: bool) -> None:
    names = [path.relative_to(paths.root).as_posix() for path in files]
    if as_json:
        out.print_json(json.dumps({"written": names, "next": following}))
        return
    for name in names:
        out.print(f"[green]✓[/] {name}")
    out.print(f"Next: {following}", markup=False)


def _asked_list(question: str) -> list[str]:
    from scripts.secrets.ask import can_ask

    return str(typer.prompt(question, default="", show_default=False, err=True)).split() if can_ask() else []
