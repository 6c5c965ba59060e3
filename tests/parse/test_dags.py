"""DAG files with dbt groups, parsed as Airflow's processes do: for the whole DAG, and for one task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.airflow_version import AIRFLOW_2, whole_dags
from tests.parse.conftest import DAGS, Answering, Python, make_release

WRONG = {
    "unknown": ("Release", "has no dbt project 'jaffle_shopp'", "name one of: den, jaffle_shop, zoo"),
    "nothing": ("names no node", "no_such_model", "dbt ls --project-dir dbt/jaffle_shop"),
    "taken": ("is taken", "group_id='…'"),
}
REST = "dbt_rest"


@pytest.fixture(scope="session")
def parser(python: Python) -> Iterator[Answering]:
    """Start the process that forks for each parse."""
    with Answering(python, "parser.py") as answering:
        yield answering


def parse(parser: Answering, python: Python, file: str, *task: str) -> dict[str, Any]:
    """Parse a file of the release, for a DAG's task if one is named."""
    where = {"folder": str(python.release.dags), "home": str(python.release.home), "file": file}
    return dict(parser.ask({**where, **dict(zip(("dag", "task"), task, strict=False))}))


def made(answer: dict[str, Any], dag: str) -> dict[str, str]:
    """Return the tasks of a DAG, but what stands for those that were not made."""
    return {name: node for name, node in answer["dags"][dag].items() if not name.endswith(REST)}


@whole_dags
@pytest.mark.parametrize(
    ("task", "nodes"),
    [
        ("daily.orders", {"daily.orders": "model.jaffle_shop.orders"}),
        ("weekly.customers.run", dict.fromkeys(("weekly.customers.run", "weekly.customers.test"), "customers")),
        ("weekly.customers.test", dict.fromkeys(("weekly.customers.run", "weekly.customers.test"), "customers")),
        ("weekly.dbt_finish", {"weekly.dbt_finish": ""}),
        ("daily.dbt_producer_watcher", {"daily.dbt_producer_watcher": ""}),
        ("outer.zoo.marts.deep.events", {"outer.zoo.marts.deep.events": "model.zoo.events"}),
        ("outer.zoo.dbt_on_run_end", {"outer.zoo.dbt_on_run_end": ""}),
    ],
)
def test_one_task_of_many_groups(parser: Answering, python: Python, task: str, nodes: dict[str, str]) -> None:
    """Of three groups that follow one another, one of them in a group of the user's, only the task is made."""
    answer = parse(parser, python, "shops.py", "shops", task)
    assert answer["errors"] == []
    found = made(answer, "shops")
    assert {*found} == {*nodes, "end", "mine.number"}
    assert all(found[name].endswith(node) for name, node in nodes.items())
    assert "whole DAG" not in answer["log"]
    nearly = {path.rsplit("/", 1)[-1] for path in answer["opened"]}
    assert ("manifest.json" in nearly) == task.endswith("producer_watcher")


@pytest.mark.parametrize("task", ["end", "mine.number"])
def test_own_task_sees_whole_dag(parser: Answering, python: Python, task: str) -> None:
    """For a task of the DAG file's own, mapped or not, the DAG is whole."""
    whole = parse(parser, python, "shops.py")["dags"]["shops"]
    assert parse(parser, python, "shops.py", "shops", task)["dags"]["shops"] == whole
    assert len(whole) > 80


@whole_dags
def test_own_task_may_be_called_as_a_node(parser: Answering, python: Python) -> None:
    """A task of the user's own group that has a model's name sees the whole DAG, too; a model's own task does not."""
    whole = parse(parser, python, "looking.py")["dags"]["looking"]
    answer = parse(parser, python, "looking.py", "looking", "checks.orders")
    assert answer["dags"]["looking"]["checks.orders"] == whole["checks.orders"] == f"{len(whole) - 1} tasks"
    assert {*made(parse(parser, python, "looking.py", "looking", "jaffle_shop.orders"), "looking")} == {
        "jaffle_shop.orders", "checks.orders",
    }  # fmt: skip


@whole_dags
def test_file_may_ask_for_another_task(parser: Answering, python: Python) -> None:
    """A DAG file that asks for another task than this process is for is executed again, for the whole DAG."""
    whole = parse(parser, python, "asking.py")["dags"]["asking"]
    for task in ("jaffle_shop.customers", "jaffle_shop.dbt_finish"):
        answer = parse(parser, python, "asking.py", "asking", task)
        assert answer["errors"] == []
        assert answer["dags"]["asking"] == whole
        assert answer["log"].count("This process makes the whole DAG") == 1
    assert {*made(parse(parser, python, "asking.py", "asking", "jaffle_shop.orders"), "asking")} == {
        "jaffle_shop.orders", "mine",
    }  # fmt: skip


@whole_dags
def test_task_that_is_gone(parser: Answering, python: Python) -> None:
    """For a task that the DAG no longer has, the DAG is whole, and without it."""
    whole = parse(parser, python, "looking.py")["dags"]["looking"]
    answer = parse(parser, python, "looking.py", "looking", "jaffle_shop.dbt_gone")
    assert answer["dags"]["looking"] == whole
    assert answer["log"].count("This process makes the whole DAG") == 1


@whole_dags
def test_other_dags_of_the_file_cost_nothing(parser: Answering, python: Python) -> None:
    """Of another DAG of the same file no more is made than a task of the same name."""
    answer = parse(parser, python, "twins.py", "one", "jaffle_shop.orders")
    assert made(answer, "one") == made(answer, "two") == {"jaffle_shop.orders": "model.jaffle_shop.orders"}


def test_slicing_can_be_switched_off(
    parser: Answering, python: Python, archives: dict[str, Path], tmp_path: Path
) -> None:
    """With `slice = false` in settings.toml the process of a task makes the whole DAG."""
    off = Python(make_release(tmp_path, archives, DAGS, slice=False), python.executable)
    whole = parse(parser, python, "shops.py")["dags"]["shops"]
    assert parse(parser, off, "shops.py", "shops", "daily.orders")["dags"]["shops"] == whole


@pytest.mark.parametrize("task", [(), ("shops", "daily.orders"), ("shops", "daily.dbt_select"), ("shops", "end")])
def test_parse_touches_nothing(parser: Answering, python: Python, task: tuple[str, ...]) -> None:
    """No parse opens a socket or a database or starts a program, and each manifest is read once at most."""
    answer = parse(parser, python, "shops.py", *task)
    assert answer["errors"] == answer["barred"] == []
    reads = {path: count for path, count in answer["opened"].items() if path.endswith("/manifest.json")}
    assert all(count == 1 for count in reads.values())
    # Two groups of jaffle_shop, one of zoo; the chooser needs the nodes of its own project.
    part = "" if AIRFLOW_2 else "".join(task[1:])
    assert len(reads) == {"": 2, "end": 2, "daily.orders": 0, "daily.dbt_select": 1}[part]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("process", ["processor", "task"])
def test_wrong_file_is_told(parser: Answering, python: Python, wrong: str, process: str) -> None:
    """What is wrong in a DAG file is told in three parts by the DAG processor, and by a task that needs the group."""
    task = (wrong, "jaffle_shop.dbt_select") if process == "task" else ()
    answer = parse(parser, python, f"{wrong}.py", *task)
    (error,) = answer["errors"]
    for words in (*WRONG[wrong], "ProjectError", "where:", "fix:"):
        assert words in error


def test_serialized_alike(python: Python) -> None:
    """Two processes with other hash seeds serialize every DAG to the same JSON: no new version without a change."""
    answers = []
    for seed in ("1", "2"):
        with Answering(python, "parser.py", PYTHONHASHSEED=seed) as parser:
            answers.append([parse(parser, python, file)["serialized"] for file in ("shops.py", "twins.py")])
    # Airflow sorts the keys, too, before it hashes them.
    one, two = (json.dumps(answer, sort_keys=True) for answer in answers)
    assert one == two
    assert len(one) > 100_000
