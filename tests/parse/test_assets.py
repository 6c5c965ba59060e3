"""Which task tells that a node was built, under which name, and how a DAG file asks for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parse.conftest import Answering

EXECUTIONS = ("watcher", "local")
ZOO = {"project": "zoo", "exclude": ["package:den"]}


def told(comparer: Answering, **wish: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return task → URIs, and node → what Cosmos calls it, without those of the package that is left out."""
    answer = comparer.ask({"ask": "told", **ZOO, **wish})
    return answer["told"], {name: uri for name, uri in answer["cosmos"].items() if ".den." not in name}


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("tests", ["build", "none"])
def test_each_table_is_told_once(comparer: Answering, tests: str, execution: str) -> None:
    """The task of each node tells of its table, by the name that Cosmos gives it on Airflow 3."""
    tasks, names = told(comparer, tests=tests, execution=execution)
    assert len(names) > 8
    assert sorted(uri for uris in tasks.values() for uri in uris) == sorted(names.values())
    wanted = {f"zoo.{name.split('.', 2)[2].replace('.', '_')}": [uri] for name, uri in names.items()}
    assert tasks == wanted
    assert not any("inline" in task for task in tasks)
    assert all(uri.startswith("snowflake://rehearsal.us-west-1.aws/d/s/") for uri in names.values())


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_tests_tell_where_they_are_apart(comparer: Answering, execution: str) -> None:
    """With tests in a task of their own that one tells; a node without tests tells itself."""
    tasks, names = told(comparer, tests="after_each", execution=execution)
    assert sorted(uri for uris in tasks.values() for uri in uris) == sorted(names.values())
    assert {len(uris) for uris in tasks.values()} == {1}
    tested = {task.removesuffix(".test") for task in tasks if task.endswith(".test")}
    assert "zoo.stg_orders" in tested
    assert not any(task.startswith(f"{one}.") and not task.endswith(".test") for one in tested for task in tasks)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_one_task_tells_of_all(comparer: Answering, execution: str) -> None:
    """With one task for all tests nothing is told before those have passed."""
    tasks, names = told(comparer, tests="after_all", execution=execution)
    assert {task: sorted(uris) for task, uris in tasks.items()} == {"zoo.zoo_test": sorted(names.values())}


@pytest.mark.parametrize(
    ("node", "table"),
    [("stg_animals", "stg_animals"), ("orders.v2", "orders_v2"), ("raw_orders", "raw_orders"), ("prices", "prices")],
)
def test_asset_is_found(comparer: Answering, node: str, table: str) -> None:
    """A model, a version, a seed and a snapshot are asked for by their names in dbt, and are as Airflow makes them."""
    answer = comparer.ask({"ask": "find", "project": "zoo", "node": node})
    assert answer["uri"].endswith(f"/{table}")
    assert answer["airflows"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"node": "stg_animal"}, ("'stg_animal' is not in the dbt project 'zoo'", "Did you mean 'stg_animals'?")),
        ({"node": "inline"}, ("'inline' is no table of", "neither ephemeral nor disabled")),
        ({"node": ""}, ("'' is not in",)),
        ({"project": "zo", "node": "x"}, ("no dbt project 'zo'", "Did you mean 'zoo'?")),
    ],
    ids=["typo", "ephemeral", "empty", "project"],
)
def test_wrong_name_is_told(comparer: Answering, asked: dict[str, Any], words: tuple[str, ...]) -> None:
    """A name that the project does not have fails the parse, with the nearest one."""
    answer = comparer.ask({"ask": "find", "project": "zoo", **asked})
    assert [word for word in (*words, "where:", "fix:") if word not in answer["error"]] == []
