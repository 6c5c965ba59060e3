"""The corpus of `mwaa migrate check` on both versions: it works on Airflow 2.11.2, and 3.3.1 breaks or changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.paths import Paths
from scripts.venvs import airflow_venv
from tests.migrate.check import corpus

ROOT = Path(__file__).parents[2]
SNIPPETS = corpus.snippets()
SIDES = ("seen", "values", "notes", "catchup", "lag")
pytestmark = pytest.mark.matrix


@pytest.fixture(scope="module", params=["2.11.2"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Return what becomes of each file on Airflow 2 and on 3.3.1."""
    versions = (request.param, "3.3.1")
    old, new = (corpus.run(airflow_venv(Paths(ROOT), one), tmp_path_factory.mktemp(one[0])) for one in versions)
    return old, new


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda one: one.name)
def test_works_on_2(both: tuple[Any, Any], snippet: corpus.Snippet) -> None:
    """Each file imports on Airflow 2.11.2, and no task of it fails."""
    old, new = (side[snippet.name] for side in both)
    assert not old["error"], old
    if snippet.rule == "airflowignore":
        assert (old["seen"], new["seen"]) == (False, True)
        return
    assert old["states"], old
    assert set(old["states"].values()) <= {"success", "skipped"}, old
    if snippet.kind == "differs":
        assert [side for side in SIDES if old[side] != new[side]] != [], (old, new)
