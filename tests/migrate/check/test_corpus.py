"""The corpus on the real Airflow 3.3.1, and what the check finds of it; tests/matrix has the other side."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.migrate.check.examine import all_rules
from scripts.paths import Paths
from scripts.venvs import airflow_venv
from tests.migrate.check import corpus
from tests.migrate.check.conftest import ROOT, Bench

SNIPPETS = corpus.snippets()


def test_corpus_is_large() -> None:
    """There are files enough, of each kind, and every rule that they name exists."""
    assert len(SNIPPETS) >= 60
    assert {one.kind for one in SNIPPETS} == {"import", "run", "run asset", "differs"}
    assert {one.rule for one in SNIPPETS} - {rule.name for rule in all_rules()} == set()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what becomes of each file on Airflow 3.3.1."""
    return corpus.run(airflow_venv(Paths(ROOT), "3.3.1"), tmp_path_factory.mktemp("three"))


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda one: one.name)
def test_breaks_on_3(answers: dict[str, Any], snippet: corpus.Snippet) -> None:
    """Each file breaks as it says: at its import, or in a task; or it says something else than on 2.11.2."""
    found = answers[snippet.name]
    if snippet.kind == "import":
        assert found["error"], found
        return
    assert not found["error"], found
    if snippet.kind.startswith("run"):
        assert "failed" in found["states"].values(), found
    elif snippet.rule == "airflowignore":
        assert found["seen"]
    else:
        assert found["states"], found


def test_check_finds_it(bench: Bench) -> None:
    """The command finds at least 95 % of the corpus by the rule that each file names; it finds all, as it stands."""
    done = bench.check(str(corpus.FOLDER), "--requirements", str(ROOT / "requirements.txt"), "--json")
    assert done.code == 1, done.seen
    found: dict[str, set[str]] = {}
    for one in done.json["findings"]:
        name = "ignored/old_orders.py" if one["rule"] == "airflowignore" else one["file"]
        if one["severity"] in ("breaks", "changes"):
            found.setdefault(name, set()).add(one["rule"])
    missed = [one.name for one in SNIPPETS if one.rule not in found.get(one.name, set())]
    assert missed == []
    proved = {one["file"] for one in done.json["findings"] if one["proved"]}
    assert {one.name for one in SNIPPETS if one.kind == "import"} - proved == set()
