"""What an MWAA environment's class can carry, and what follows from that: data and arithmetic, no Airflow.

Classes, defaults and limits are those of the Amazon MWAA user guide, pages environment-class,
configuring-env-variables and best-practices-tuning; what a process needs is measured (docs/sizing.md).
"""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

ClassName = Literal["mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge"]
Execution = Literal["watcher", "local"]
DEFAULT_CLASS: ClassName = "mw1.small"

# MB of memory: a worker before its first task; on micro, scheduler, DAG processor and triggerer beside it.
WORKER, HYBRID = 400, 1000
# MB of memory: a task that watches; `dbt build` of a whole project; dbt for one node, without its task.
WATCHING, WHOLE, NODE = 200, 800, 300
# Looks at the producer that one vCPU of the web servers, which are the API, answers beside its other work.
LOOKS = 25
# Seconds of a worker's vCPU for a task, in each mode.
SECONDS: dict[Execution, float] = {"watcher": 0.3, "local": 5.0}
SHORTEST = 5  # seconds between two looks: shorter ones cost more than they tell
STATEMENTS = 8  # that a Snowflake warehouse runs at once: MAX_CONCURRENCY_LEVEL's default, per cluster

EXECUTION = "tasks.execution"
CONTAINERS = ("min_workers", "max_workers", "schedulers", "min_webservers", "max_webservers")
CLASSES_PAGE = "MWAA user guide, environment-class"
AUTOSCALING_PAGE = "MWAA user guide, mwaa-web-server-autoscaling"
TUNING_PAGE = "MWAA user guide, best-practices-tuning"


class Class(NamedTuple):
    """What a class has: vCPUs and MB of a worker, vCPUs of a web server, slots of a worker unless told otherwise.

    `dags` is MWAA's advice, `triggers` the limit of one scheduler container, None where MWAA names none.
    """

    cpus: int
    memory: int
    web_cpus: int
    slots: int
    dags: int
    triggers: int | None
    execution: Execution = "watcher"

    @property
    def hybrid(self) -> bool:
        """Whether one container is scheduler and worker."""
        return self.triggers is None

    @property
    def web_servers(self) -> int:
        """How many web servers there are at least."""
        return 1 if self.hybrid else 2

    @property
    def parsers(self) -> int:
        """How many DAG files the container of a scheduler may parse at once."""
        return 2 * self.cpus - 1


CLASSES: dict[ClassName, Class] = {
    "mw1.micro": Class(cpus=1, memory=3 * 1024, web_cpus=1, slots=3, dags=25, triggers=None),
    "mw1.small": Class(cpus=1, memory=2 * 1024, web_cpus=1, slots=5, dags=50, triggers=60),
    "mw1.medium": Class(cpus=2, memory=4 * 1024, web_cpus=1, slots=10, dags=250, triggers=125),
    "mw1.large": Class(cpus=4, memory=8 * 1024, web_cpus=2, slots=20, dags=1000, triggers=250),
    "mw1.xlarge": Class(cpus=8, memory=24 * 1024, web_cpus=4, slots=40, dags=2000, triggers=500),
    "mw1.2xlarge": Class(cpus=16, memory=48 * 1024, web_cpus=8, slots=80, dags=4000, triggers=1000),
}


class Size(NamedTuple):
    """What the values go by: a class, the mode, most workers, schedulers, and a worker's slots if they are given."""

    name: ClassName
    execution: Execution
    max_workers: int
    schedulers: int
    slots: int | None = None

    @property
    def kind(self) -> Class:
        """The class."""
        return CLASSES[self.name]

    @property
    def triggers(self) -> int | None:
        """How many triggers all schedulers together run; None where MWAA names no limit."""
        return self.kind.triggers and self.kind.triggers * self.schedulers


class Value(NamedTuple):
    """A value, why it is that, and where the rule comes from."""

    value: int | str
    reason: str
    source: str


def defaults(name: ClassName) -> dict[str, Value]:
    """Return what a class makes of workers, schedulers and mode, by the settings' names in settings.toml."""
    mode = Value(
        CLASSES[name].execution,
        "one dbt for all nodes; one for each node would start dbt each time: about 3 s of CPU and 300 MB",
        "docs/sizing.md",
    )
    if CLASSES[name].hybrid:
        fixed = Value(1, f"{name} is one container, scheduler and worker", CLASSES_PAGE)
        return {**{f"mwaa.{one}": fixed for one in CONTAINERS}, EXECUTION: mode}
    return {
        "mwaa.min_workers": Value(1, "the one worker that an environment always has", "MWAA API, CreateEnvironment"),
        "mwaa.max_workers": Value(
            5, "a further worker takes minutes to start and is paid for; dbt's tasks mostly wait", "docs/sizing.md"
        ),
        "mwaa.schedulers": Value(2, "MWAA's own default, and the least it takes", "MWAA API, CreateEnvironment"),
        "mwaa.min_webservers": Value(2, "MWAA's own default, and the least it takes", "MWAA API, CreateEnvironment"),
        "mwaa.max_webservers": Value(2, "MWAA's own default; up to 5 come at 70 % of CPU", AUTOSCALING_PAGE),
        EXECUTION: mode,
    }


def derive(size: Size) -> dict[str, Value]:
    """Return what a size makes of each further setting, by its name in an environment's table of settings.toml.

    Airflow's options have their name of Airflow 3; `options` gives those of an older version.
    """
    slots = _slots(size)
    most = (size.slots or slots_of(str(slots.value)) or 1) * size.max_workers
    return {
        "tasks.poll": _poll(size),
        "snowflake.threads": _threads(size),
        "airflow.celery.worker_autoscale": slots,
        "airflow.core.max_active_tasks_per_dag": Value(
            most,
            "slots times max_workers: a run may fill them all, as its tasks come and go",
            "Airflow's own default is 16",
        ),
        "airflow.dag_processor.parsing_processes": Value(
            size.kind.parsers, "2 * vCPUs - 1, for the container schedules, too", TUNING_PAGE
        ),
    }


def _threads(size: Size) -> Value:
    if size.kind.hybrid:
        return Value(4, "dbt shares its one vCPU with Airflow's scheduler, which must not starve", CLASSES_PAGE)
    reason = f"dbt waits for Snowflake, whose warehouse runs {STATEMENTS} statements at once; 16 were no faster"
    return Value(STATEMENTS, reason, "Cosmos' benchmark of WATCHER; Snowflake, MAX_CONCURRENCY_LEVEL")


def _slots(size: Size) -> Value:
    memory, default = size.kind.memory, size.kind.slots
    fit = max(count for count in range(1, default + 1) if needed(size, count) <= memory or count == 1)
    cut = f"MWAA's {default} fit" if fit == default else f"{default}, MWAA's default, would need {_gb(size, default)}"
    reason = f"{_gb(size, fit)} of {memory / 1024:.0f} GB; {cut}"
    return Value(f"{fit},0", reason, "MWAA user guide, configuring-env-variables; docs/sizing.md")


def _gb(size: Size, slots: int) -> str:
    return f"{needed(size, slots) / 1024:.1f} GB"


def _poll(size: Size) -> Value:
    if size.triggers is None:
        return Value(2 * SHORTEST, "the triggerer shares its one vCPU with everything else", CLASSES_PAGE)
    seconds = max(SHORTEST, math.ceil(size.triggers / looks(size)))
    reason = f"all {size.triggers} triggers look {size.triggers / seconds:.0f} times/s; the API answers {looks(size)}"
    return Value(seconds, reason, f"{CLASSES_PAGE}; docs/sizing.md")


def looks(size: Size) -> int:
    """Return how many looks at the producer the web servers answer per second beside their other work."""
    return LOOKS * size.kind.web_cpus * size.kind.web_servers


def needed(size: Size, slots: int) -> int:
    """Return the MB of a worker whose slots are all taken.

    With "local" each runs dbt for a node; else there is a `dbt build` for each vCPU, and the others watch.
    """
    base = WORKER + (HYBRID if size.kind.hybrid else 0)
    if size.execution == "local":
        return base + slots * (WATCHING + NODE)
    builds = min(size.kind.cpus, slots)
    return base + builds * WHOLE + (slots - builds) * WATCHING


def slots_of(autoscale: str | None) -> int | None:
    """Return the slots that celery.worker_autoscale gives a worker, as "5,0" or "5,5"; None if it is no such text."""
    found = re.fullmatch(r"\s*([1-9]\d*)\s*,\s*(\d+)\s*", autoscale or "")
    return int(found[1]) if found else None


def options(size: Size, airflow: str) -> dict[str, Value]:
    """Return the Airflow options of a size, by the names that this version of Airflow knows."""
    found = {name: value for name, value in derive(size).items() if name.startswith("airflow.")}
    return {option_name(name.removeprefix("airflow."), airflow): value for name, value in found.items()}


def option_name(name: str, airflow: str) -> str:
    """Return what an option of Airflow 3 is called in a version."""
    return MOVED.get(name, name) if is_2(airflow) else name


def is_2(airflow: str) -> bool:
    """Return whether a version is one of Airflow 2."""
    return airflow.split(".", maxsplit=1)[0] == "2"


# Airflow 3 reads the old names of only some (its configuration's deprecated_options).
MOVED = {
    "dag_processor.parsing_processes": "scheduler.parsing_processes",
    "dag_processor.min_file_process_interval": "scheduler.min_file_process_interval",
    "dag_processor.dag_file_processor_timeout": "core.dag_file_processor_timeout",
    "dag_processor.refresh_interval": "scheduler.dag_dir_list_interval",
}
# What is left alone, and why.
LEFT = {
    "core.parallelism": "MWAA computes it from workers, slots and schedulers",
    "scheduler.task_queued_timeout": "MWAA's 1800 s, three times Airflow's: a further worker takes minutes to start",
    "core.dagbag_import_timeout": "Airflow's 30 s; `mwaa build` fails a DAG file that takes longer",
    "dag_processor.dag_file_processor_timeout": "Airflow's 50 s; see above",
}
