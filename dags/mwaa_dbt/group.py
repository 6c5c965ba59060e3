"""dbt projects as Airflow task groups, through Cosmos."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from cosmos import DbtTaskGroup

from mwaa_dbt.airflow_sdk import DuplicateTaskIdFound, Param, TaskGroup
from mwaa_dbt.describe import summary
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.frame import Frame
from mwaa_dbt.nodes import Selection, choose, read_project
from mwaa_dbt.project import Unpacked, open_project
from mwaa_dbt.render import task_ids
from mwaa_dbt.settings import runtime
from mwaa_dbt.sizing import Execution
from mwaa_dbt.sliced import REST, Wanted, wanted
from mwaa_dbt.tested import is_tried
from mwaa_dbt.wish import Folders, Tests, Wish

MOMENT: dict[str, Any] = {"type": ["null", "string"], "format": "date-time"}
PARAMS = {
    "full_refresh": Param(False, type="boolean", description="Rebuild incremental models and seeds from nothing."),
    # Nullable, or the form would demand a text.
    "select": Param(
        None, type=["null", "string"], description="Only these nodes, in dbt's syntax: stg_orders+ tag:finance"
    ),
    "vars": Param({}, type="object", description="dbt vars of this run, as JSON."),
    "event_time_start": Param(
        None, **MOMENT, description="Build microbatch models from here on, not the newest batches."
    ),
    "event_time_end": Param(None, **MOMENT, description="… to before this time."),
}


# More parameters than a function of this house may take: they are the vocabulary of DAG files.
def dbt_group(
    project: str,
    *,
    select: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    tests: Tests = "build",
    execution: Execution | None = None,
    freshness: bool = False,
    folders: Folders | None = None,
    group_id: str | None = None,
) -> DbtTaskGroup:
    """Render a dbt project, or a selection of it, as a task group of the current DAG.

    One task per model, seed and snapshot. The DAG gets the trigger-form params `full_refresh`, `select`, `vars`,
    `event_time_start` and `event_time_end`. Models retry as the DAG's default_args say, else settings.toml; tests in
    tasks of their own never do.

    Args:
        project: the name of a folder in dbt/.
        select: nodes to render, in dbt's selection syntax; all if absent.
        exclude: nodes to leave out.
        tests: inside each node's task ("build"), in a task after each node (twice the tasks), in one task after all
            nodes, or none. A failed test holds back what depends on its node, but with "after_all".
        execution: "watcher" runs one `dbt build` and a watching task per node; "local" runs dbt per node; as
            settings.toml says if absent.
        freshness: ask first how old the sources are; one past its `error_after` holds back all nodes.
        folders: put the tasks into task groups by "folder", or by "layer", the first folder below models/.
        group_id: the group's name; the project's if absent. Two groups of one project in a DAG need one.

    Raises:
        ProjectError: if the project is not in the release, the selection names no node, or the name is taken.
    """
    release = open_project(project)
    mode = execution or runtime().environment.tasks.execution
    # Cosmos' own watching tasks cannot watch a node and its tests at once.
    tests = tests if mode == "local" or tests != "build" or is_tried() else "after_each"
    wish = Wish(tuple(select or ()), tuple(exclude or ()), tests, mode, freshness, folders)
    try:
        group = Group(group_id or project)
        _say_release(group, release)
        group.dag.params.update({name: param for name, param in PARAMS.items() if name not in group.dag.params})
        _render(group, release, wish)
    except DuplicateTaskIdFound as error:
        raise _taken(project, error) from None
    return group


class Group(DbtTaskGroup):
    """A task group of Cosmos' kind, whose tasks this package makes itself."""

    def __init__(self, group_id: str) -> None:
        TaskGroup.__init__(self, group_id=group_id)


def _render(group: Group, release: Unpacked, wish: Wish) -> None:
    """Make all tasks; in the process of one task of a dbt group, only that one."""
    frame, task = Frame(group, release, wish), wanted(group.dag)
    select = partial(_selection, release, wish)
    if task is None:
        selection = select()
        frame.make(selection)
        _say(group, summary(release, selection))
        return
    # Airflow joins what stands around an empty group with one another, and with itself.
    EmptyOperator(task_id=REST, task_group=group, dag=group.dag)
    if task.is_inside(group):
        _render_one(frame, task, select)
    # Else it is another group's, and needs nothing of this one.


def _render_one(frame: Frame, task: Wanted, select: Callable[[], Selection]) -> None:
    if task.label in frame.labels:
        frame.one(task.label, select)
        return
    ids = partial(task_ids, frame.group, frame.wish)
    found = [part for part in task.parts(frame.release) if any(task.task in names for names in ids(part).values())]
    if len(found) == 1:
        frame.nodes(found[0])
        return
    # None: the DAG file has done more with the group than naming it.
    frame.make(select())


def _selection(release: Unpacked, wish: Wish) -> Selection:
    found = choose(read_project(release.folder), release.folder, wish.select, wish.exclude)
    if not found.built:
        raise _nothing(release.name, wish)
    return found


def _say_release(group: Group, release: Unpacked) -> None:
    # Each release then has a DAG version of its own: a finished run shows for ever which release it ran.
    _say(group, f"Release `{release.release}`.")


def _say(group: Group, line: str) -> None:
    docs = group.dag.doc_md or ""
    if line not in docs:
        group.dag.doc_md = f"{docs}\n\n{line}".strip()


def _nothing(project: str, wish: Wish) -> ProjectError:
    return ProjectError(
        f"The selection of dbt_group({project!r}, select={list(wish.select)}, exclude={list(wish.exclude)}) names no"
        " node.",
        "the DAG file that calls it",
        f"try it with `dbt ls --project-dir dbt/{project} --select {' '.join(wish.select)}`",
    )


def _taken(project: str, error: Exception) -> ProjectError:
    return ProjectError(
        f"The name of dbt_group({project!r}) is taken: {error}.",
        "the DAG file that calls it",
        f"name it otherwise: dbt_group({project!r}, …, group_id='…')",
    )
