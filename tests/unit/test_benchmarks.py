"""What is kept of the benchmarks; how long anything takes is no matter of a test."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, DOCUMENT, keep
from benchmarks.machine import machine
from benchmarks.measure import Result, Row, Sample, compare
from benchmarks.results import FOLDER
from benchmarks.synthetic import write as write_project
from benchmarks.table import as_markdown, cells, replace
from mwaa_dbt.errors import ProjectError

ROOT = Path(__file__).parents[2]
RESULT = Result("Two ways", [Row("plain", 4.0, 3, {"CPU": 2.0}), Row("ours", 0.1, 3, {"tasks": 7.0})])
BLOCKS = """# Performance
before
<!-- benchmark:parse -->
old
<!-- /benchmark:parse -->
between
<!-- benchmark:fork -->
<!-- /benchmark:fork -->
after
"""


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as the Makefile does, with nothing of the caller's environment."""
    environment = {"PATH": os.defpath, "COLUMNS": "200"}
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_only_own_block_is_replaced() -> None:
    """A benchmark's table takes the place of its last one, and not a byte beside it changes."""
    assert replace(BLOCKS, "parse", "new") == BLOCKS.replace("old", "new")
    assert replace(replace(BLOCKS, "parse", "new"), "parse", "old") == BLOCKS


def test_empty_block_is_filled() -> None:
    """Two markers without anything between them are a place, and the text is taken literally."""
    begin = "<!-- benchmark:fork -->\n"
    assert replace(BLOCKS, "fork", r"\1 new") == BLOCKS.replace(begin, begin + "\\1 new\n")


@pytest.mark.parametrize(
    "document",
    ["", "<!-- benchmark:parse -->\n", BLOCKS + BLOCKS, BLOCKS.replace("/benchmark:parse", "/benchmark:prase")],
    ids=["none", "no end", "twice", "misspelt end"],
)
def test_missing_place_is_told(document: str) -> None:
    """Without exactly one pair of markers nothing is written; the error says which lines to put where."""
    with pytest.raises(ProjectError, match="no place for the benchmark 'parse'") as error:
        replace(document, "parse", "new")
    assert "<!-- benchmark:parse --> <!-- /benchmark:parse -->" in error.value.fix


def test_ratio_is_to_first_row() -> None:
    """The plain tool is 1, and a small ratio does not become nought."""
    assert cells(RESULT) == [
        ["", "seconds", "ratio", "n", "CPU", "tasks"],
        ["plain", "4.00", "1", "3", "2", ""],
        ["ours", "0.10", "0.025", "3", "", "7"],
    ]


def test_markdown_is_a_table() -> None:
    """All lines of the table have as many cells as its head."""
    table = [line for line in as_markdown(RESULT).splitlines() if line.startswith("|")]
    assert len(table) == 4
    assert {line.count("|") for line in table} == {7}


def test_rounds_take_turns() -> None:
    """Each way is measured once per round, and the median of each column is kept."""
    order: list[str] = []
    seconds = {"plain": iter([5.0, 1.0, 2.0]), "ours": iter([1.0, 9.0, 1.0])}

    def way(name: str) -> Sample:
        order.append(name)
        return Sample(next(seconds[name]), {"CPU": float(len(order))})

    result = compare("Two ways", {"plain": lambda: way("plain"), "ours": lambda: way("ours")}, 3)
    assert order == ["plain", "ours"] * 3
    assert result.rows == [Row("plain", 2.0, 3, {"CPU": 3.0}), Row("ours", 1.0, 3, {"CPU": 4.0})]


def test_kept_with_machine_and_command(tmp_path: Path) -> None:
    """What is written says on what it was measured, and how to repeat it."""
    for name in ("requirements.txt", "startup.sh", "dbt/requirements.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    document = tmp_path / DOCUMENT
    document.parent.mkdir()
    document.write_text(BLOCKS)
    keep(tmp_path, "parse", [RESULT])
    text = document.read_text()
    assert text.startswith("# Performance\nbefore\n<!-- benchmark:parse -->\nTwo ways:\n")
    assert re.search(r"benchmarks parse.* --write`\.\n<!-- /benchmark:parse -->\nbetween", text)
    assert (tmp_path / FOLDER / "parse.json").is_file()


def test_machine_names_versions() -> None:
    """The pins of both sides are named, and nothing that tells one host from another."""
    text = machine(ROOT)
    assert {"apache-airflow", "astronomer-cosmos", "dbt-core", "dbt-snowflake", "uv", "pip"} <= set(text.split())
    assert os.uname().nodename not in text.split()


def test_made_up_project_is_the_same_again(tmp_path: Path) -> None:
    """Two runs measure the same graph: as many models as asked for, each one's parents made before it."""
    for folder in ("one", "two"):
        write_project(tmp_path / folder / "synthetic", 25)
    one, two = (sorted((tmp_path / folder).rglob("*.*")) for folder in ("one", "two"))
    assert [path.read_text() for path in one] == [path.read_text() for path in two]
    models = {path.stem: path.read_text() for path in one if path.suffix == ".sql"}
    assert len(models) == 25
    known: set[str] = set()
    for name, sql in sorted(models.items()):
        assert {part.split("'")[1] for part in sql.split("ref(")[1:]} <= known
        known.add(name)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_its_place(name: str) -> None:
    """Each has a module with `measure`, and a place in the document."""
    assert callable(importlib.import_module(f"benchmarks.{name}").measure)
    replace((ROOT / DOCUMENT).read_text(), name, "new")


def test_unknown_benchmark_exits_1() -> None:
    """A misspelt name is answered with the close one, before anything is measured."""
    done = bench("fork", "prase")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: There is no benchmark 'prase'. Did you mean 'parse'?",
        "  where: python -m benchmarks",
        f"  fix:   use any of: {', '.join(BENCHMARKS)}",
    ]


@pytest.mark.parametrize("arguments", [("--rusn", "1"), ("--runs", "0"), ("--models", "many")], ids=" ".join)
def test_wrong_usage_exits_2(arguments: tuple[str, ...]) -> None:
    """Options that make no sense exit with 2, and nothing is measured."""
    done = bench(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_exits_0() -> None:
    """The help names the benchmarks and an example."""
    done = bench("--help")
    assert done.returncode == 0
    assert "Example: python -m benchmarks parse" in done.stdout
    assert all(name in done.stdout for name in BENCHMARKS)
