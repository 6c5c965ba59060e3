"""The house rules that a machine can keep, over every file that git tracks or would."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COSMOS = {
    "dags/mwaa_dbt/after_all.py",
    "dags/mwaa_dbt/arguments.py",
    "dags/mwaa_dbt/frame.py",
    "dags/mwaa_dbt/group.py",
    "dags/mwaa_dbt/hooks.py",
    "dags/mwaa_dbt/kinds.py",
    "dags/mwaa_dbt/nodes.py",
    "dags/mwaa_dbt/produce.py",
    "dags/mwaa_dbt/profile.py",
    "dags/mwaa_dbt/render.py",
    "dags/mwaa_dbt/select.py",
    "dags/mwaa_dbt/tell.py",
    "dags/mwaa_dbt/tested.py",
    "dags/mwaa_dbt/watch.py",
    "plugins/preload.py",
}
# Written in two halves, so that this file does not break the rules it keeps.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
PATCHES = re.compile(r"mock\.pa" + r"tch|monkeypatch\.seta" + r"ttr|Magic" + r"Mock")
MOVED = re.compile(r"^\s*from airflow\.(sdk|models|utils|exceptions|decorators|operators|hooks)\b", re.MULTILINE)
TEXT = (".py", ".sh", ".md", ".toml", ".yml", ".yaml", ".sql", ".txt", ".in", "Makefile")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def tracked() -> tuple[str, ...]:
    """Return the paths of all files that git tracks, or would if they were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(sorted(name for name in done.stdout.splitlines() if (ROOT / name).is_file()))


def python(*folders: str) -> list[str]:
    """Return the Python files in these folders, or all."""
    return [name for name in tracked() if name.endswith(".py") and name.startswith(folders or ("",))]


@functools.cache
def tree(name: str) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse((ROOT / name).read_text())


def imported(name: str) -> set[str]:
    """Return the top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module).split(".")[0])
    return found


def functions() -> Iterator[tuple[str, Function]]:
    """Return every function of every file, with the place to look at."""
    for name in python():
        for node in ast.walk(tree(name)):
            if isinstance(node, Function):
                yield f"{name}:{node.lineno} {node.name}", node


def public(scope: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    """Return the public functions and classes of a module or public class, not those inside a function."""
    for node in scope.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def test_files_are_found() -> None:
    """The rules look at something."""
    assert {"dags/mwaa_dbt/group.py", "scripts/cli.py", "startup.sh"} <= set(tracked())


def test_one_door_to_versions_of_airflow() -> None:
    """What has moved between versions of Airflow is imported by one file, and by those that ask what each can do."""
    users = {name for name in python("dags") if MOVED.search((ROOT / name).read_text())}
    assert {name.removeprefix("dags/mwaa_dbt/") for name in users} == {
        "airflow_sdk.py", "ended.py", "notify.py", "select.py",
    }  # fmt: skip


def test_one_door_to_cosmos() -> None:
    """Cosmos is imported where DAGs are drawn and nowhere else, so that its next version changes few files."""
    users = {name for name in python("dags", "plugins", "scripts") if "cosmos" in imported(name)}
    assert "dags/mwaa_dbt/group.py" in users
    assert {name for name in users if not name.startswith("scripts/inside/")} - COSMOS == set()


def test_one_door_to_aws() -> None:
    """boto3 and botocore are imported in one package, by DAG code in one module, and by the maintenance DAG."""
    users = {name for name in python("dags", "plugins", "scripts") if imported(name) & {"boto3", "botocore"}}
    assert "scripts/aws/clients.py" in users
    doors = ("scripts/aws/", "scripts/migrate/inside/")
    assert {name for name in users if not name.startswith(doors)} == {"dags/mwaa_dbt/archive.py"}


def test_one_door_to_environment_variables() -> None:
    """A DAG folder reads environment variables in its settings and, as that stands alone, in its reader."""
    readers = {
        name
        for name in python("dags")
        if re.search(r"os\.(environ|getenv)|from os import.*(environ|getenv)", (ROOT / name).read_text())
    }
    assert readers == {"dags/mwaa_dbt/reader.py", "dags/mwaa_dbt/settings.py"}


def test_reader_stands_alone() -> None:
    """The reader, which is copied into every stub, imports Python's own library only."""
    assert imported("dags/mwaa_dbt/reader.py") - sys.stdlib_module_names == set()


def test_nothing_is_patched() -> None:
    """Tests use the real thing: files, processes, servers."""
    assert [name for name in python() if PATCHES.search((ROOT / name).read_text())] == []


def test_nothing_is_unfinished() -> None:
    """What is left to do stands in an issue, not in the sources."""
    texts = [name for name in tracked() if name.endswith(TEXT)]
    assert [name for name in texts if UNFINISHED.search((ROOT / name).read_text())] == []


def test_files_are_short() -> None:
    """No Python file is longer than 300 lines."""
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in python()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_functions_are_short() -> None:
    """No function is longer than 50 lines."""
    lengths = {place: (node.end_lineno or 0) - node.lineno + 1 for place, node in functions()}
    assert {place: length for place, length in lengths.items() if length > 50} == {}


def test_functions_take_few_parameters() -> None:
    """No function takes more than six parameters, besides the one that is the vocabulary of DAG files."""
    counts = {}
    for place, node in functions():
        names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        counts[place] = len([name for name in names if name not in ("self", "cls")])
    assert {place.split()[-1] for place, count in counts.items() if count > 6} == {"dbt_group"}


def test_public_names_are_documented() -> None:
    """Every module, public class and public function that ships says what it is for."""
    missing = []
    for name in python("dags", "plugins", "scripts"):
        missing += [] if ast.get_docstring(tree(name)) else [name]
        missing += [f"{name}:{node.lineno} {node.name}" for node in public(tree(name)) if not ast.get_docstring(node)]
    assert missing == []


def test_readme_names_every_verb() -> None:
    """A person who reads README.md meets every verb of the `mwaa` command."""
    text = (ROOT / "README.md").read_text()
    if not text.strip():
        pytest.skip("README.md is not written yet")
    from tests.unit.test_cli import VERBS

    assert [" ".join(verb) for verb in VERBS if f"mwaa {' '.join(verb)}" not in text] == []


def test_makefile_explains_every_verb() -> None:
    """`make` shows a help text for every verb, and every verb is declared to be none of a file."""
    targets = []
    for name in ("Makefile", "template.mk"):
        text = (ROOT / name).read_text()
        found = re.findall(r"^([a-z][\w-]*):(?!=)", text, re.MULTILINE)
        assert found == re.findall(r"^([a-z][\w-]*):.*## \S.+", text, re.MULTILINE)
        assert set(found) == set(re.findall(r"^\.PHONY: (.*)", text, re.MULTILINE)[0].split())
        targets += found
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE) == targets


def test_licence_is_whole() -> None:
    """The licence that pyproject.toml names is in the repository, word for word."""
    text = (ROOT / "LICENSE").read_text()
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert len(text.split()) > 1500
