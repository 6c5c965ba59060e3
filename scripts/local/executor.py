"""Where a rehearsal's Airflow runs tasks, and the options that ask for it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from scripts.versions import number

SMALL = 5  # slots of a worker on mw1.small
RACING = (3, 0)
WHERE = (
    "Where tasks run: local (quick to start), or celery as on MWAA: SQS, PostgreSQL, workers. "
    "\\[default: local; celery for Airflow 3.0]"
)
SLOTS = "Tasks that a worker runs at once, MWAA's celery.worker_autoscale. \\[default: 5, as mw1.small]"
OPTIONS = {
    "executor": Annotated[Literal["local", "celery"] | None, typer.Option(help=WHERE, show_default=False)],
    "workers": Annotated[int | None, typer.Option(min=1, help="Celery workers. \\[default: 1]", show_default=False)],
    "slots": Annotated[int | None, typer.Option(min=1, help=SLOTS, show_default=False)],
}


@dataclass(frozen=True)
class Executor:
    """Where Airflow runs tasks: "local" in children of the scheduler, "celery" as on MWAA.

    Args:
        name: local or celery.
        workers: Celery workers, each a process as MWAA's worker containers are.
        slots: tasks that a worker runs at once; MWAA's celery.worker_autoscale.
    """

    name: str = "local"
    workers: int = 0
    slots: int = 0

    @property
    def on_celery(self) -> bool:
        """Whether there are workers, a queue and PostgreSQL."""
        return self.name == "celery"

    @property
    def members(self) -> tuple[str, ...]:
        """The names of its workers."""
        return tuple(f"worker-{number}" for number in range(1, self.workers + 1))

    def __str__(self) -> str:
        """Name it by the options that ask for it."""
        return f"--executor {self.name}" + f" --workers {self.workers} --slots {self.slots}" * self.on_celery


def usual(airflow: str) -> Executor:
    """Return where a rehearsal of a version of Airflow runs tasks if nobody says so.

    The LocalExecutor of 3.0 hands out tasks before the scheduler has committed that they are queued, and a task that is
    quick to start loses its first try (executors/local_executor.py, queue_workload). MWAA has Celery.
    """
    return Executor("celery", 1, SMALL) if number(airflow)[:2] == RACING else Executor()


def asks_executor(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the three options; it gets them as one `wanted`, which is None if none is given."""

    @functools.wraps(verb)
    def asked(**values: Any) -> None:
        wanted = _wanted(*(values.pop(name) for name in OPTIONS))
        verb(**values, wanted=wanted)

    signature = inspect.signature(verb, eval_str=True)
    own = [one for name, one in signature.parameters.items() if name != "wanted"]
    kind = inspect.Parameter.KEYWORD_ONLY
    more = [inspect.Parameter(name, kind, default=None, annotation=hint) for name, hint in OPTIONS.items()]
    # What typer reads in the place of a signature that is written out.
    asked.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    asked.__annotations__ = {one.name: one.annotation for one in (*own, *more)}
    return asked


def _wanted(name: str | None, workers: int | None, slots: int | None) -> Executor | None:
    if name != "celery" and (workers or slots):
        raise typer.BadParameter("goes with --executor celery only", param_hint="--workers" if workers else "--slots")
    if name == "celery":
        return Executor(name, workers or 1, slots or SMALL)
    return Executor(name) if name else None
