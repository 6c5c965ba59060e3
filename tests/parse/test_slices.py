"""In a task's process a dbt group makes that task alone, and the same one as in the whole DAG."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.airflow_version import AIRFLOW_2, whole_dags
from tests.parse.conftest import Answering

# The package's model is called as one of the project's is: both cannot be shown.
PROJECTS: dict[str, dict[str, Any]] = {"jaffle_shop": {}, "zoo": {"exclude": ["package:den"]}}
TESTS = ("build", "after_each", "after_all", "none")
WISHES = [
    dict(zip(("tests", "execution", "folders", "freshness"), values, strict=True))
    for values in itertools.product(TESTS, ("watcher", "local"), (None, "folder", "layer"), (False, True))
]
# Nothing depends on the sample project's folders that does not on the other's.
ASKED = [("zoo", wish) for wish in WISHES] + [("jaffle_shop", wish) for wish in WISHES if not wish["folders"]]
COMBINED = [{"tests": tests, "execution": execution} for tests in TESTS for execution in ("watcher", "local")]


@whole_dags
@pytest.mark.parametrize(
    ("project", "wish"), ASKED, ids=lambda part: part if isinstance(part, str) else "-".join(map(str, part.values()))
)
def test_slice_is_whole(comparer: Answering, project: str, wish: dict[str, Any]) -> None:
    """The one task that is made is the same as in the whole DAG, though there it is a copy of another."""
    answer = comparer.ask({"ask": "slices", "project": project, **PROJECTS[project], **wish})
    assert len(answer["sizes"]) > 15
    assert answer["differing"] == {}
    large = {name: size for name, size in answer["sizes"].items() if size > 1}
    # A node and its tests are made together.
    most = 2 if wish["tests"] == "after_each" else 1
    assert {name: size for name, size in large.items() if size > most} == {}


@whole_dags
def test_model_of_two_packages(comparer: Answering) -> None:
    """Of two packages' models with one name the project's has it alone, whichever the group has selected."""
    for task, exclude in (("zoo.daily", ["package:den"]), ("zoo.den__daily", ["package:zoo"]), ("zoo.daily", [])):
        answer = comparer.ask({"ask": "slices", "project": "zoo", "exclude": exclude, "tests": "none"})
        assert answer["differing"] == {}
        assert answer["sizes"][task] == 1


@pytest.mark.skipif(not AIRFLOW_2, reason="Airflow 3 tells the process of a task so; see above")
@pytest.mark.parametrize("wish", COMBINED, ids=lambda wish: "-".join(wish.values()))
def test_airflow_2_makes_whole_dags(comparer: Answering, wish: dict[str, str]) -> None:
    """Even if it were told of its task, the process of a task in Airflow 2 makes them all, the same each time."""
    answer = comparer.ask({"ask": "slices", "project": "zoo", **PROJECTS["zoo"], **wish})
    assert set(answer["sizes"].values()) == {len(answer["sizes"])}
    assert answer["differing"] == {}


@pytest.mark.parametrize("wish", COMBINED, ids=lambda wish: "-".join(wish.values()))
def test_tasks_share_nothing(comparer: Answering, wish: dict[str, str]) -> None:
    """What is done to one task of a group reaches no other, though they are copies of one."""
    answer = comparer.ask({"ask": "changes", "project": "zoo", **PROJECTS["zoo"], **wish})
    assert answer["tasks"] > 15
    assert answer["reached"] == {}


@pytest.mark.parametrize("project", PROJECTS)
def test_graph_is_cosmos_own(comparer: Answering, project: str) -> None:
    """With a task for each node and one for its tests, dbt is asked for what Cosmos asks, after the same nodes."""
    answer = comparer.ask({"ask": "stock", "project": project, **PROJECTS[project]})
    assert len(answer["cosmos"]) > 15
    # Its one test also needs a node that it does not depend on; for such there is a task of their own.
    answer["cosmos"].pop("model.zoo.events tests", None)
    assert answer["ours"] == answer["cosmos"]
