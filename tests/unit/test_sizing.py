"""Sizing: what a class makes of each setting, and how settings.toml overrules it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import REHEARSAL, Environment, Mwaa, load
from mwaa_dbt.sizing import (
    CLASSES,
    ClassName,
    Execution,
    Size,
    defaults,
    derive,
    looks,
    needed,
    option_name,
    options,
    slots_of,
)
from scripts.local.state import ENVIRONMENT
from scripts.options import MWAA_FORCED, project_options
from tests.unit.settings_text import TEXT

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "sizing.md").read_text()
MODES: tuple[Execution, ...] = get_args(Execution)


def size(name: ClassName, execution: Execution = "watcher") -> Size:
    """Return a class with the workers and schedulers that it has by default."""
    most, schedulers = (int(defaults(name)[f"mwaa.{key}"].value) for key in ("max_workers", "schedulers"))
    return Size(name, execution, most, schedulers)


def slots(name: ClassName, execution: Execution) -> int:
    """Return the slots of a worker."""
    found = slots_of(str(derive(size(name, execution))["airflow.celery.worker_autoscale"].value))
    assert found
    return found


def dev(folder: Path, *, mwaa: str | None = 'name = "dev"', more: str = "", name: str = "dev") -> Environment:
    """Load an environment: its [mwaa] table, and further lines at the end of the file."""
    table = f"\n[environments.dev.mwaa]\n{mwaa}\n" if mwaa is not None else ""
    (folder / "settings.toml").write_text((TEXT + table + more).replace("environments.dev", f"environments.{name}"))
    return load(folder / "settings.toml").environment(name)


def test_documentation_shows_classes() -> None:
    """docs/sizing.md has the table of classes that the code has."""
    for name, kind in CLASSES.items():
        numbers = (kind.cpus, kind.memory // 1024, kind.web_cpus, kind.slots, kind.dags)
        triggers = f" {kind.triggers} " if kind.triggers else " "
        assert f"| {name} | {' | '.join(map(str, numbers))} |{triggers}|\n" in DOC


def test_documentation_shows_derived_values() -> None:
    """docs/sizing.md has the values that follow from each class."""
    for name in CLASSES:
        made = derive(size(name))
        cells = (
            defaults(name)["tasks.execution"].value,
            made["snowflake.threads"].value,
            made["tasks.poll"].value,
            slots(name, "watcher"),
            slots(name, "local"),
            made["airflow.core.max_active_tasks_per_dag"].value,
            made["airflow.dag_processor.parsing_processes"].value,
        )
        assert f"| {name} | {' | '.join(map(str, cells))} |\n" in DOC


@pytest.mark.parametrize("execution", MODES)
@pytest.mark.parametrize("name", CLASSES)
def test_slots_fit_memory(name: ClassName, execution: Execution) -> None:
    """A worker's slots fit its memory and MWAA's default, and one more would not."""
    count, kind, own = slots(name, execution), CLASSES[name], size(name, execution)
    assert needed(own, count) <= kind.memory
    assert count == kind.slots or needed(own, count + 1) > kind.memory


def test_local_needs_more_memory() -> None:
    """A dbt in each slot needs more than a task that watches, so small workers have fewer slots then."""
    assert (slots("mw1.small", "local"), slots("mw1.small", "watcher")) == (3, 5)
    assert needed(size("mw1.small", "local"), 5) > CLASSES["mw1.small"].memory


@pytest.mark.parametrize("name", CLASSES)
def test_looks_do_not_drown_the_api(name: ClassName) -> None:
    """All triggers of all schedulers together look no more often than the web servers answer."""
    own = size(name)._replace(schedulers=5)
    if own.triggers:
        assert own.triggers / int(derive(own)["tasks.poll"].value) <= looks(own)


def test_more_schedulers_look_less_often() -> None:
    """More triggers share the same web servers: 5 x 125 triggers, 2 x 25 looks a second."""
    assert derive(size("mw1.medium")._replace(schedulers=5))["tasks.poll"].value == 13


def test_given_slots_count() -> None:
    """Slots that settings.toml gives are those that a DAG run may fill."""
    own = size("mw1.small")._replace(slots=3)
    assert derive(own)["airflow.core.max_active_tasks_per_dag"].value == 15


@pytest.mark.parametrize(
    ("text", "count"), [("5,0", 5), (" 10 , 5 ", 10), ("5", None), ("0,0", None), ("5;0", None), (None, None)]
)
def test_slots_are_read(text: str | None, count: int | None) -> None:
    """celery.worker_autoscale is the most and the least; anything else is no number of slots."""
    assert slots_of(text) == count


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("3.3.1", "dag_processor.parsing_processes"),
        ("3.0.6", "dag_processor.parsing_processes"),
        ("2.11.2", "scheduler.parsing_processes"),
    ],
)
def test_options_have_their_version_s_name(version: str, name: str) -> None:
    """The DAG processor's options had another section before Airflow 3."""
    assert {key: str(one.value) for key, one in options(size("mw1.medium"), version).items()} == {
        "celery.worker_autoscale": "10,0",
        "core.max_active_tasks_per_dag": "50",
        name: "3",
    }
    assert option_name("core.parallelism", version) == "core.parallelism"


@pytest.mark.parametrize("name", CLASSES)
def test_each_value_has_a_reason(name: ClassName) -> None:
    """Each derived value says why it is so and where the rule is from."""
    assert all(value.reason and value.source for value in (defaults(name) | derive(size(name))).values())


def test_class_fills_in(tmp_path: Path) -> None:
    """What settings.toml leaves out follows from the class."""
    found = dev(tmp_path, mwaa='name = "dev"\nenvironment_class = "mw1.micro"')
    assert found.mwaa == Mwaa("dev", "mw1.micro", 1, 1, 1, 1, 1)
    assert (found.snowflake.threads, found.tasks.poll, found.tasks.execution) == (4, 10, "watcher")
    assert found.size == Size("mw1.micro", "watcher", 1, 1)


def test_class_has_a_default(tmp_path: Path) -> None:
    """An environment that MWAA runs is small unless its class is named."""
    found = dev(tmp_path)
    assert found.mwaa == Mwaa("dev", "mw1.small", 1, 5, 2, 2, 2)
    assert (found.snowflake.threads, found.tasks.poll) == (8, 5)


def test_settings_overrule_class(tmp_path: Path) -> None:
    """A line of settings.toml wins, and what depends on it follows."""
    lines = 'poll = 7\nexecution = "local"\n[environments.dev.airflow]\n"celery.worker_autoscale" = "4,4"\n'
    found = dev(tmp_path, mwaa='name = "dev"\nmax_workers = 3', more=f"[environments.dev.tasks]\n{lines}")
    assert (found.tasks.poll, found.tasks.execution, found.tasks.retries) == (7, "local", 2)
    assert found.size == Size("mw1.small", "local", 3, 2, 4)
    made = project_options(found, "3.3.1")
    assert (made["celery.worker_autoscale"], made["core.max_active_tasks_per_dag"]) == ("4,4", "12")


def test_given_threads_stay(tmp_path: Path) -> None:
    """Threads that settings.toml gives are the profile's."""
    (tmp_path / "settings.toml").write_text(TEXT + "threads = 2\n[environments.dev.mwaa]\nname = 'dev'\n")
    assert load(tmp_path / "settings.toml").environment("dev").snowflake.threads == 2


@pytest.mark.parametrize(("mwaa", "name"), [(None, "dev"), ('name = "dev"', REHEARSAL)])
def test_no_class_derives_nothing(mwaa: str | None, name: str, tmp_path: Path) -> None:
    """A bucket alone, and the rehearsal, have no class: no value and no option follows from one."""
    found = dev(tmp_path, mwaa=mwaa, name=name)
    assert found.size is None
    assert (found.snowflake.threads, found.tasks.poll) == (4, 10)
    assert not {"celery.worker_autoscale", "core.max_active_tasks_per_dag"} & project_options(found).keys()


def test_rehearsal_may_have_a_class(tmp_path: Path) -> None:
    """A class that is named for the rehearsal counts there as on MWAA."""
    found = dev(tmp_path, mwaa='name = "dev"\nenvironment_class = "mw1.large"', name=REHEARSAL)
    assert found.size == Size("mw1.large", "watcher", 5, 2)


def test_unknown_class_is_refused(tmp_path: Path) -> None:
    """A class that MWAA does not have is refused with its line and the known ones."""
    with pytest.raises(ProjectError, match=r"Wrong value 'mw1\.smal'") as caught:
        dev(tmp_path, mwaa='name = "dev"\nenvironment_class = "mw1.smal"')
    assert "line 20, environments.dev.mwaa.environment_class" in caught.value.where
    assert "'mw1.small', 'mw1.medium'" in caught.value.fix


def test_options_join_the_others(tmp_path: Path) -> None:
    """The sizing's options are among the project's, by their version's names, and MWAA forces none of them."""
    made = project_options(dev(tmp_path), "2.11.2")
    sized = {name: str(one.value) for name, one in options(size("mw1.small"), "2.11.2").items()}
    assert made.items() >= sized.items()
    assert not options(size("mw1.small"), "3.3.1").keys() & MWAA_FORCED.keys()


def test_rehearsal_has_one_name() -> None:
    """The environment without a class is the one that `mwaa local` rehearses."""
    assert REHEARSAL == ENVIRONMENT


def test_own_rehearsal_is_quick() -> None:
    """This repository's rehearsal keeps its own pace."""
    found = load(ROOT / "settings.toml").environment(REHEARSAL)
    assert (found.size, found.tasks.poll, found.snowflake.threads) == (None, 2, 4)
