"""`mwaa doctor --only sizing`: what speaks against the sizing of an environment, and where each value is from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.bundle import keep, write_record
from scripts.doctor.case import read_case, widest
from scripts.doctor.examine import Report, Wish, examine
from scripts.doctor.finding import Finding
from scripts.doctor.values import Row, rows
from scripts.paths import Paths
from scripts.release import POINTER
from tests.unit.settings_text import TEXT
from tests.unit.test_cli import mwaa

MARKED = f"""\
{TEXT}# threads

[environments.dev.mwaa]
name = "dev"
# mwaa

[environments.dev.tasks]
# tasks

[environments.dev.airflow]
# airflow
"""
DIGEST = "0123456789abcdef" * 4
type Changes = Mapping[str, str]


def project(folder: Path, changes: Changes) -> Paths:
    """Make a project whose settings.toml has these lines in the place of its comments."""
    text = MARKED
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "settings.toml").write_text(text)
    return Paths(folder)


def built(paths: Paths, tasks: Sequence[int], manifest: Mapping[str, Any]) -> None:
    """Put a build there whose DAGs have so many tasks, and whose one dbt project has this manifest."""
    out = paths.build("dev")
    (out / POINTER).parent.mkdir(parents=True)
    (out / POINTER).write_text(json.dumps({"releases": [DIGEST]}))
    (out / "startup.sh").write_text("export MWAA_DBT_CONTAINER='0'\n")
    digest = keep(out, gzip.compress(json.dumps(manifest).encode()))
    dags = [{"file": "shop.py", "dag": f"dag_{count}", "tasks": count, "nodes": 1, "seconds": 1.0} for count in tasks]
    about = {"environment": "dev", "sources": "", "git": {}, "versions": {}, "dags": dags}
    write_record(out, DIGEST, {"shop": {"archive": "", "manifest": digest}}, about)


def graph(parents: Mapping[str, Sequence[str]], kind: str = "model") -> dict[str, Any]:
    """Return a manifest with these nodes."""
    nodes = {key: {"resource_type": kind, "depends_on": {"nodes": list(own)}} for key, own in parents.items()}
    return {"nodes": nodes}


def look(paths: Paths) -> Report:
    """Look at the sizing, and at what else settings.toml says."""
    return examine(paths, "dev", Wish(("settings", "sizing")))


def found(paths: Paths, state: str) -> list[Finding]:
    """Return the findings of a state."""
    return [finding for finding in look(paths).findings if finding.state == state]


def row(paths: Paths, name: str) -> Row:
    """Return a line of the table."""
    return next(one for one in rows(read_case(paths, "dev")) if one.name == name)


def test_derived_sizing_is_sound(tmp_path: Path) -> None:
    """Nothing speaks against what follows from a class and a build of moderate size."""
    paths = project(tmp_path, {})
    built(paths, [58], graph({"a": [], "b": ["a"]}))
    assert (found(paths, "error"), found(paths, "warning")) == ([], [])
    assert [finding.what for finding in look(paths).groups["sizing"]] == [
        "mw1.small: 1 to 5 workers, 2 schedulers",
        "5 slots need about 2.0 GB of a worker's 2 GB",
        "8 dbt threads: no more than the statements that a Snowflake warehouse runs at once",
        "120 triggers, each looking every 5 s, are 24 calls a second at the API",
        "release 0123456789ab has 1 DAGs; mw1.small is for 50 (MWAA's advice)",
        "DAG dag_58: 58 tasks are about 0.3 minutes of work for min_workers = 1 of mw1.small",
        "up to 1 nodes of shop wait for dbt at once, with 120 triggers",
    ]


ERRORS: dict[str, tuple[Changes, str]] = {
    "schedulers": ({"# mwaa": "schedulers = 1"}, "MWAA takes 2 to 5 schedulers, not 1"),
    "workers": ({"# mwaa": "min_workers = 6"}, "no number of workers fits min_workers = 6, max_workers = 5"),
    "no workers": ({"# mwaa": "min_workers = 0"}, "no number of workers fits min_workers = 0"),
    "micro": ({"# mwaa": 'environment_class = "mw1.micro"\nmax_workers = 2'}, "mw1.micro has one worker"),
    "autoscale": ({"# airflow": '"celery.worker_autoscale" = "five"'}, "'five' is not the most and the least"),
    "threads": ({"# threads": "threads = 0"}, "dbt cannot run with 0 threads"),
    "poll": ({"# tasks": "poll = 0"}, "watching tasks would never rest"),
    "old name": (
        {"# airflow": '"scheduler.parsing_processes" = "2"'},
        "scheduler.parsing_processes would not be heeded: Airflow 3.3.1 knows it as dag_processor.parsing_processes",
    ),
    "new name": (
        {"# airflow": '"dag_processor.parsing_processes" = "2"', "3.3.1": "2.11.2"},
        "dag_processor.parsing_processes would not be heeded: Airflow 2.11.2 knows it as scheduler.parsing_processes",
    ),
    "MWAA's own": ({"# airflow": '"core.executor" = "LocalExecutor"'}, "MWAA sets it, whatever anybody says"),
}
WARNINGS: dict[str, tuple[Changes, str, str]] = {
    "quota": ({"# mwaa": "max_workers = 26"}, "26 workers are more than the 25", "ask for a higher quota"),
    "memory": (
        {"# airflow": '"celery.worker_autoscale" = "8,0"'},
        "8 slots in mode 'watcher' need about 2.5 GB of a worker's 2 GB",
        'write "celery.worker_autoscale" = "5,0"',
    ),
    "memory of local": (
        {"# airflow": '"celery.worker_autoscale" = "5,5"', "# tasks": 'execution = "local"'},
        "5 slots in mode 'local' need about 2.8 GB of a worker's 2 GB",
        'write "celery.worker_autoscale" = "3,0"',
    ),
    "threads": ({"# threads": "threads = 16"}, "16 dbt threads: a Snowflake warehouse runs 8", "threads = 8"),
    "poll": ({"# tasks": "poll = 2"}, "are 60 calls a second at the API; it answers 50", "poll = 3"),
    "retry": ({"# tasks": "retry_delay = 60"}, "a retry comes after 60 s", "retry_delay = 300"),
    "parallelism": ({"# airflow": '"core.parallelism" = "12"'}, "leaves some of 25 slots idle", "leave it out"),
    "no environment": (
        {'[environments.dev.mwaa]\nname = "dev"\n': ""},
        "no MWAA environment is named",
        "add [environments.dev.mwaa]",
    ),
}


@pytest.mark.parametrize(("changes", "what"), ERRORS.values(), ids=ERRORS.keys())
def test_impossible_value_is_an_error(changes: Changes, what: str, tmp_path: Path) -> None:
    """What cannot work is an error, with what mends it."""
    paths = project(tmp_path, changes)
    (error,) = found(paths, "error")
    assert what in error.what
    assert error.fix
    assert not look(paths).healthy


@pytest.mark.parametrize(("changes", "what", "fix"), WARNINGS.values(), ids=WARNINGS.keys())
def test_unwise_value_is_a_warning(changes: Changes, what: str, fix: str, tmp_path: Path) -> None:
    """What may be meant so is a warning, with what mends it."""
    paths = project(tmp_path, changes)
    assert [(what in one.what, fix in one.fix) for one in found(paths, "warning")] == [(True, True)]
    assert look(paths).healthy


@pytest.mark.parametrize(
    "changes",
    [
        {"# tasks": "retry_delay = 60\nretries = 0"},
        {"# tasks": "retry_delay = 300\npoll = 3"},
        {"# airflow": '"core.parallelism" = "13"'},
        {"# airflow": '"celery.worker_autoscale" = "3,0"', "# tasks": 'execution = "local"'},
        {"# mwaa": 'environment_class = "mw1.micro"'},
        {"# mwaa": "schedulers = 5\nmax_workers = 25\nmin_workers = 25"},
    ],
    ids=str,
)
def test_sound_value_is_not_blamed(changes: Changes, tmp_path: Path) -> None:
    """A value within its limit is no finding, also at the limit."""
    paths = project(tmp_path, changes)
    assert (found(paths, "warning"), found(paths, "error")) == ([], [])


def test_unreadable_slots_are_not_weighed(tmp_path: Path) -> None:
    """A worker's memory is not judged by slots that nobody gave."""
    paths = project(tmp_path, {"# airflow": '"celery.worker_autoscale" = "five"'})
    assert [one.what for one in found(paths, "ok") if "slots need" in one.what] == []


def test_build_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Without a build its DAGs are not weighed."""
    (told,) = found(project(tmp_path, {}), "skipped")
    assert told.what == "DAGs were not looked at: there is no whole build"


@pytest.mark.parametrize(
    ("execution", "tasks", "minutes", "enough"),
    [("watcher", 4000, "20.0", "mw1.medium"), ("local", 402, "33.5", "mw1.large"), ("local", 90_000, "7500.0", None)],
)
def test_long_run_is_a_warning(execution: str, tasks: int, minutes: str, enough: str | None, tmp_path: Path) -> None:
    """A DAG whose tasks keep a worker for long is told with the class that is enough, if there is one."""
    paths = project(tmp_path, {"# tasks": f'execution = "{execution}"'})
    built(paths, [10, tasks], graph({"a": []}))
    (warning,) = found(paths, "warning")
    assert f"DAG dag_{tasks}: {tasks} tasks are about {minutes} minutes of work" in warning.what
    assert warning.fix.endswith(f", or take {enough}" if enough else "more min_workers")


def test_more_workers_shorten_a_run(tmp_path: Path) -> None:
    """Workers that are always there share the work; those that come later are not counted on."""
    paths = project(tmp_path, {"# mwaa": "min_workers = 2"})
    built(paths, [4002], graph({"a": []}))
    assert found(paths, "warning")[0].what.endswith("about 10.0 minutes of work for min_workers = 2 of mw1.small")
    assert found(project(tmp_path, {"# mwaa": "min_workers = 3"}), "warning") == []


def test_too_many_dags_are_a_warning(tmp_path: Path) -> None:
    """More DAGs than MWAA advises for the class are told with the class that is for so many."""
    paths = project(tmp_path, {})
    built(paths, [1] * 51, graph({"a": []}))
    (warning,) = found(paths, "warning")
    assert "has 51 DAGs; mw1.small is for 50" in warning.what
    assert warning.fix.endswith("or take mw1.medium")


def test_wide_layer_is_a_warning(tmp_path: Path) -> None:
    """More nodes that wait at once than triggers are told; with "local" nothing waits."""
    wide = graph({"seed": [], **{f"model_{number}": ["seed"] for number in range(121)}})
    paths = project(tmp_path, {})
    built(paths, [10], wide)
    (warning,) = found(paths, "warning")
    assert "up to 121 nodes of shop wait for dbt at once, with 120 triggers" in warning.what
    assert warning.fix == "more schedulers, or take mw1.medium"
    assert found(project(tmp_path, {"# tasks": 'execution = "local"'}), "warning") == []


@pytest.mark.parametrize(
    ("parents", "width"),
    [
        ({}, 0),
        ({"a": [], "b": ["a"], "c": ["b"]}, 1),
        ({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}, 2),
        ({"a": [], "b": ["a"], "c": ["a", "b"], "d": ["source.s"]}, 2),
    ],
)
def test_widest_layer(parents: Mapping[str, Sequence[str]], width: int) -> None:
    """Nodes of a layer are equally many steps from the start, by their longest way; sources are no nodes."""
    assert widest(graph(parents)) == width
    assert widest(graph(parents, "test")) == 0


def test_origin_is_told(tmp_path: Path) -> None:
    """Each value says whether settings.toml gives it, in which line, and what it would be otherwise."""
    paths = project(tmp_path, {"# tasks": "poll = 9", "# airflow": '"celery.worker_autoscale" = "3,0"'})
    assert row(paths, "snowflake.threads").origin == "derived from mw1.small"
    poll, autoscale = row(paths, "tasks.poll"), row(paths, "celery.worker_autoscale")
    assert (poll.value, poll.origin, poll.reason[:13]) == (9, "settings.toml, line 24", "instead of 5:")
    assert (autoscale.value, autoscale.origin) == ("3,0", "settings.toml, line 27")
    assert row(paths, "core.max_active_tasks_per_dag").value == 15


def test_options_are_told_by_their_version_s_name(tmp_path: Path) -> None:
    """Airflow's options are told, and looked for, by the name that the environment's Airflow has for them."""
    paths = project(tmp_path, {"3.3.1": "2.11.2", "# airflow": '"scheduler.parsing_processes" = "2"'})
    parsers = row(paths, "scheduler.parsing_processes")
    assert (parsers.value, parsers.origin) == ("2", "settings.toml, line 27")
    assert row(paths, "core.dag_file_processor_timeout").origin == "left alone"


def test_command_for_a_machine(tmp_path: Path) -> None:
    """`mwaa doctor --json` has settings and findings by group, and exits with 0 although there are warnings."""
    project(tmp_path, {"# threads": "threads = 16"})
    done = mwaa("doctor", "--env", "dev", "--only", "sizing", "--json", folder=tmp_path)
    told = json.loads(done.out)
    assert (done.code, told["environment_class"], told["healthy"]) == (0, "mw1.small", True)
    assert {"name", "value", "origin", "reason", "source"} == set(told["settings"][0])
    assert told["groups"]["sizing"][2]["state"] == "warning"
    assert {"state", "what", "fix"} == set(told["groups"]["sizing"][2])


def test_command_for_a_person(tmp_path: Path) -> None:
    """`mwaa doctor` shows what is wrong, with a mark and its remedy, how much there is of what, and exits with 1."""
    project(tmp_path, {"# mwaa": "schedulers = 9"})
    done = mwaa("doctor", "--env", "dev", "--only", "sizing", folder=tmp_path)
    assert done.code == 1
    wrong = "  ✗ MWAA takes 2 to 5 schedulers, not 9\n    fix: mend schedulers in [environments.dev.mwaa]\n"
    assert wrong in done.out
    assert "│ snowflake.threads" in done.out
    assert done.out.splitlines()[-1] == "3 ✓ · 1 ✗ · 1 -"
    assert "Traceback" not in done.err
