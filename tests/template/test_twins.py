"""Twins: rendered with the defaults, X.jinja is X; and what copier.yml repeats of the repository stands there."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lint.test_house import ROOT, tracked
from tests.template.combinations import COMBINATIONS, ONE, Answers
from tests.template.conftest import Git

TWINS = sorted(name.removesuffix(".jinja") for name in tracked() if name.endswith(".jinja") and "[[" not in name)
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text())
QUESTIONS = {name: about for name, about in CONFIG.items() if not name.startswith("_")}
ON_UPDATE = re.compile(r"\[% if _copier_operation == 'update' -%\](.*)\[% endif %\]")


@pytest.mark.parametrize("name", TWINS)
def test_twin_is_the_same(default: Git, name: str) -> None:
    """The default answers make the repository's own file, byte for byte."""
    assert (default.folder / name).read_bytes() == (ROOT / name).read_bytes()


def test_few_twins_and_questions() -> None:
    """Each twin has its plain file; four of them and eight questions are the most that anybody keeps in step."""
    assert 0 < len(TWINS) <= 4
    assert [name for name in TWINS if not (ROOT / name).is_file()] == []
    assert 0 < len(QUESTIONS) <= 8


def test_versions_have_locks() -> None:
    """Those are offered that have a lock, the newest first, and by default that of the repository."""
    locked = {path.stem.removeprefix("airflow-") for path in ROOT.glob("locks/airflow-*.txt")}
    asked = list(QUESTIONS["airflow_version"]["choices"].values())
    assert set(asked) == locked
    assert asked == sorted(asked, key=lambda text: [int(part) for part in text.split(".")], reverse=True)
    assert f'airflow_version = "{QUESTIONS["airflow_version"]["default"]}"' in (ROOT / "settings.toml").read_text()


def test_questions_say_where_answers_land() -> None:
    """Each question ends with the file or folder, and docs/template.md has a row of it."""
    text = (ROOT / "docs" / "template.md").read_text()
    for name, about in QUESTIONS.items():
        (places,) = re.findall(r"\(([^()]*)\)$", about["help"])
        assert all((ROOT / place).exists() for place in re.split(", | or ", places)), name
        assert f"| `{name}` |" in text


def test_team_files_are_left_alone() -> None:
    """What no update touches is what no recopy overwrites."""
    left = [match[1] for match in map(ON_UPDATE.fullmatch, CONFIG["_exclude"]) if match]
    assert left == CONFIG["_skip_if_exists"]
    assert [name for name in left if not list(ROOT.glob(name.strip("/")))] == []


def test_everything_left_out_is_there() -> None:
    """A name in `_exclude` that no file has any more is a mistake of whoever has renamed it."""
    patterns = [one for one in CONFIG["_exclude"] if not one.startswith(("[%", "!"))]
    assert patterns
    assert [one for one in patterns if not list(ROOT.glob(one.strip("/")))] == []


def test_combinations_have_every_pair() -> None:
    """Every two answers come together in one of the generated projects; prod alone has no pipelines."""
    values = [sorted({one[index] for one in COMBINATIONS}, key=str) for index in range(len(Answers._fields))]
    for first, second in itertools.combinations(range(len(values)), 2):
        wanted = set(itertools.product(values[first], values[second]))
        found = {(one[first], one[second]) for one in COMBINATIONS}
        asked = {Answers._fields[first], Answers._fields[second]}
        if asked == {"ci_provider", "environments"}:
            wanted = {pair for pair in wanted if (ONE in pair) == ("none" in pair)}
        assert found == wanted, asked


def test_docs_name_what_the_template_has() -> None:
    """docs/template.md shows the commands as they are typed, of files that exist."""
    text = (ROOT / "docs" / "template.md").read_text()
    for name in ("migrations/rename.py", "tests/project/"):
        assert name in text
        assert (Path(ROOT) / name).exists()
