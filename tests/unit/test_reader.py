"""A stub runs its DAG file from the newest release that is whole, whatever of the others is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.container import PROJECT, Container, Release

NEW, OLD = {"shop.py": "VERSION = 'new'\n"}, {"shop.py": "VERSION = 'old'\n"}
TWO = {"shop": PROJECT, "crm": {**PROJECT, "crm.sql": "select 1"}}
Damage = Callable[[Path], object]


def cut(path: Path) -> None:
    """Leave half a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path: Path) -> None:
    """Put other bytes of the same number in a file."""
    path.write_bytes(bytes(reversed(path.read_bytes())))


DAMAGES = {"missing": Path.unlink, "cut off": cut, "garbled": garble, "empty": lambda path: path.write_bytes(b"")}


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """Return a container with an empty DAG folder."""
    return Container(tmp_path)


def test_newest_release_is_run(container: Container) -> None:
    """Of two whole releases the one that the pointer names first is run, and nothing but its names is left."""
    container.ship(container.make(NEW, TWO), container.make(OLD, TWO))
    answer = container.parse()
    assert answer["error"] == ""
    assert answer["names"] == {"VERSION": "new"}


def test_pointer_beats_age(container: Container) -> None:
    """After a rollback the older archive is run."""
    new, old = container.make(NEW), container.make(OLD)
    container.ship(new, old)
    assert container.parse()["names"] == {"VERSION": "new"}
    container.point(old, new)
    assert container.parse()["names"] == {"VERSION": "old"}


@pytest.mark.parametrize("which", [0, 1, 2], ids=["release", "first project", "second project"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_falls_back(damage: Damage, which: int, container: Container) -> None:
    """While any archive of the new release is not whole the old one runs; once it is, the new one does."""
    new, old = container.make(NEW, {name: {**files, "n": ""} for name, files in TWO.items()}), container.make(OLD, TWO)
    container.ship(new, old)
    damage(container.store / new.archives[which])
    answer = container.parse()
    assert (answer["error"], answer["names"]) == ("", {"VERSION": "old"})
    container.ship(new, old)
    assert container.parse()["names"] == {"VERSION": "new"}


@pytest.mark.parametrize("pointer", [None, "", "{", '{"release', '{"releases": ["', "[]", '{"release": "abc"}', "\xff"])
def test_pointer_may_be_missing(pointer: str | None, container: Container) -> None:
    """Without a pointer, or with half of one or another's, the newest whole archive is run."""
    new, old, broken = container.make(NEW), container.make(OLD), container.make({"shop.py": "VERSION = 'broken'\n"})
    container.ship(broken, new, old)
    cut(container.store / broken.archives[0])
    path = container.store / "current.json"
    path.unlink() if pointer is None else path.write_text(pointer, encoding="latin-1")
    answer = container.parse()
    assert (answer["error"], answer["names"]) == ("", {"VERSION": "new"})


def test_age_is_that_of_the_archive(container: Container) -> None:
    """Without a pointer an old release that was unpacked late does not beat a new one that was not yet."""
    new, old = container.make(NEW, {"shop": PROJECT}), container.make(OLD)
    container.ship(new, old)
    (container.store / "current.json").unlink()
    archive = container.store / new.archives[1]
    archive.rename(archive.with_suffix(".part"))
    assert container.parse()["names"] == {"VERSION": "old"}
    archive.with_suffix(".part").rename(archive)
    assert container.parse()["names"] == {"VERSION": "new"}


def test_unpacked_needs_no_archive(container: Container) -> None:
    """When the DAG folder has lost its archives and the pointer, the last good release runs on."""
    container.ship(container.make(NEW, TWO))
    assert container.parse()["names"] == {"VERSION": "new"}
    shutil.rmtree(container.store)
    assert container.parse()["names"] == {"VERSION": "new"}


def test_nothing_whole_is_told(container: Container) -> None:
    """Without any whole release the error says of each what is wrong with it, where, and what to do."""
    new, old = container.make(NEW, TWO), container.make(OLD)
    container.ship(new, old)
    (container.store / new.archives[2]).unlink()
    cut(container.store / old.archives[0])
    size = (container.store / old.archives[0]).stat().st_size
    error = container.parse()["error"]
    assert "ReleaseError: No release is whole in this container.\n" in error
    assert f"  {new.digest[:12]}: {new.projects['shop']}.zip is not here\n" in error
    assert f"  {old.digest[:12]}: {old.digest}.zip is not whole: {size} bytes\n" in error
    assert f"  where: {container.store}\n  fix:   wait for MWAA's next copy" in error


def test_empty_folder_is_told(container: Container) -> None:
    """A stub that came before everything else says so."""
    container.ship(container.make(NEW))
    shutil.rmtree(container.store)
    assert "no archive at all" in container.parse()["error"]


def test_file_that_release_lacks(container: Container) -> None:
    """The stub of a file that is only in another release leaves no names and no error."""
    container.ship(container.make({**OLD, "gone.py": "VERSION = 'gone'\n"}))
    container.ship(container.make(NEW))
    answer = container.parse("gone.py")
    assert (answer["error"], answer["names"], answer["file"]) == ("", {}, str(container.dags / "gone.py"))


def test_file_is_the_unpacked_one_while_it_runs(container: Container) -> None:
    """`__file__` is the release's while the DAG file runs, also when it fails, and the stub's afterwards."""
    release = container.make({"shop.py": '"""About."""\nSEEN = __file__\n', "bad.py": "SEEN = __file__\nSEEN / 0\n"})
    container.ship(release)
    folder = container.home / "releases" / release.digest / "dags"
    for name in ("shop.py", "bad.py"):
        answer = container.parse(name)
        assert answer["names"] == {"SEEN": str(folder / name)}
        assert answer["file"] == str(container.dags / name)
    assert container.parse()["doc"] == "About."


def test_reader_lends_nothing(container: Container) -> None:
    """A DAG file that forgot an import does not find it in the reader, nor the reader's docstring."""
    container.ship(container.make({"shop.py": "DOC = str(__doc__)\nPath('.')\n"}))
    answer = container.parse()
    assert answer["names"] == {"DOC": "None"}
    assert "NameError: name 'Path' is not defined" in answer["error"]


def versions(name: str) -> dict[str, str | bytes]:
    """Return DAG files, one in a folder, with a module that both import."""
    dag = f"from helpers import parts\nVERSION, WHERE, DAG = parts.VERSION, parts.__file__, '{name}'\ndel parts\n"
    return {
        "shop.py": dag,
        "team/orders.py": f"# airflow dag\n{dag}",
        "helpers/parts.py": f"VERSION = '{name}'\n",
    }


@pytest.mark.parametrize("stub", ["shop.py", "team/orders.py"])
def test_modules_are_of_the_same_release(stub: str, container: Container) -> None:
    """What a DAG file imports from dags/ is in the bucket's archive only, and comes from there."""
    release = container.make(versions("new"))
    container.ship(release)
    assert not (container.dags / "helpers").exists()
    where = container.home / "releases" / release.digest / "dags/helpers/parts.py"
    assert container.parse(stub)["names"] == {"VERSION": "new", "DAG": "new", "WHERE": str(where)}


def test_process_stays_with_its_release(container: Container) -> None:
    """When the pointer moves, a process that has imported an old module runs old DAG files; a new one, new ones."""
    old, new = container.make(versions("old")), container.make(versions("new"))
    container.ship(old)
    with container.process() as process:
        assert process.parse()["names"]["VERSION"] == "old"
        container.ship(new, old)
        answers = [container.parse(), process.parse("team/orders.py"), process.parse()]
    seen = [(answer["names"]["DAG"], answer["names"]["VERSION"]) for answer in answers]
    assert seen == [("new", "new"), ("old", "old"), ("old", "old")]


@pytest.mark.parametrize(
    ("variables", "version"),
    [
        ({}, "new"),
        ({"MWAA_DBT_CONTAINER": ""}, "new"),
        ({"MWAA_DBT_CONTAINER": "c2"}, "new"),
        ({"MWAA_DBT_CONTAINER": "c1"}, "old"),
        ({"MWAA_DBT_CONTAINER": "c3"}, "new"),
    ],
    ids=["unset", "empty", "the new one's", "the old one's", "another's"],
)
def test_release_waits_for_its_container(variables: dict[str, str], version: str, container: Container) -> None:
    """A container that was started with the old release's packages stays with it; one with neither takes the newest."""
    container.ship(container.make(NEW, container="c2"), container.make(OLD, container="c1"))
    assert container.parse(**variables)["names"] == {"VERSION": version}


def test_container_needs_a_whole_release(container: Container) -> None:
    """A release that fits the container but is not whole does not keep another from running."""
    new, old = container.make(NEW, container="c2"), container.make(OLD, container="c1")
    container.ship(new, old)
    cut(container.store / new.archives[0])
    assert container.parse(MWAA_DBT_CONTAINER="c2")["names"] == {"VERSION": "old"}


FUTURE = "from __future__ import annotations\n"
HINT = "def hinted(a: Missing) -> None: ...\nHINTS = hinted.__annotations__\n"
TEXTS = {
    "lazy hints": (f'"""About."""\n{FUTURE}{HINT}', "HINTS", "{'a': 'Missing', 'return': 'None'}"),
    "hints at once": (HINT.replace("Missing", "int"), "HINTS", "{'a': <class 'int'>, 'return': None}"),
    "latin-1": ("# coding: latin-1\nNAME = 'Grüße'\n".encode("latin-1"), "NAME", "Grüße"),
    "byte order mark": ("\ufeffNAME = 'Grüße'\n", "NAME", "Grüße"),
    "form feed, CR LF": ("NAME = 'a'\r\n\f\r\nNAME += 'b'\r\n", "NAME", "ab"),
    "end of line in a string": ("NAME = '''\u2028\nimport this'''\n", "NAME", "\u2028\nimport this"),
    "no end of line": ("NAME = 'a'", "NAME", "a"),
}


@pytest.mark.parametrize(("text", "name", "value"), TEXTS.values(), ids=TEXTS.keys())
def test_text_is_run_as_written(text: str | bytes, name: str, value: str, container: Container) -> None:
    """Codings, line ends and `from __future__` are the DAG file's own, whatever stub and reader have."""
    container.ship(container.make({"shop.py": text}))
    answer = container.parse()
    assert (answer["error"], answer["names"].get(name)) == ("", value)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("A = 1\nwith open(:\n", 2, "SyntaxError"),
        (f"{HINT}", 1, "NameError: name 'Missing' is not defined"),
        (f"A = 1\n{FUTURE}\n\nA / 0\n", 2, "from __future__ imports must occur at the beginning"),
        ("A = 1\n\n\nA / 0\n", 4, "ZeroDivisionError"),
        ("NAME = 'Grüße'\n".encode("latin-1"), 1, "SyntaxError: (unicode error) 'utf-8' codec"),
    ],
    ids=["syntax", "hint", "late future", "failure", "coding"],
)
def test_traceback_names_the_source(text: str | bytes, line: int, told: str, container: Container) -> None:
    """A failure's traceback ends in the release's file, at the line that a person wrote."""
    release = container.make({"shop.py": text})
    container.ship(release)
    error = container.parse()["error"]
    source = container.home / "releases" / release.digest / "dags/shop.py"
    assert f'File "{source}", line {line}' in error
    assert told in error


def test_stub_stands_alone(container: Container) -> None:
    """The stub needs no other file and no package: it runs where Python has nothing but its own library."""
    release: Release = container.make(NEW)
    container.ship(release)
    assert sorted(path.name for path in container.dags.iterdir()) == ["dbt", "shop.py"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", container.dags / "shop.py"],
        env={"MWAA_DBT_HOME": str(container.home), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((container.home / "releases" / release.digest / "release.json").read_text())["projects"] == {}
