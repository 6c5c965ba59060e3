"""open_project: one whole folder per release, whatever is half there or dies half way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPEN = """
import os, sys, time
from mwaa_dbt.errors import ProjectError
from mwaa_dbt.project import open_project
while len(sys.argv) > 2 and not os.path.exists(sys.argv[2]):
    time.sleep(0.001)
try:
    opened = open_project(sys.argv[1])
except ProjectError as error:
    sys.exit(str(error))
print(opened.folder)
"""
FILES = {"dbt_project.yml": "name: shop\n", "manifest.json": "{}", "target/partial_parse.msgpack": "parsed"}
MANY = FILES | {f"models/m{number}.sql": "select 1" for number in range(4000)}


@dataclass(frozen=True)
class Container:
    """A DAG folder with a copy of the package, and a disk to unpack to."""

    root: Path

    @property
    def release(self) -> Path:
        """Where the build puts dbt projects."""
        return self.root / "dags" / "dbt"

    @property
    def home(self) -> Path:
        """Where projects are unpacked."""
        return self.root / "home"

    def ship(self, files: dict[str, str], project: str = "shop") -> Path:
        """Put an archive and the pointer to it in place; return the archive."""
        folder = self.release / project
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(folder / "new.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        data = (folder / "new.zip").read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        projects = {project: {"digest": digest, "size": len(data)}}
        (self.release / "current.json").write_text(json.dumps({"release": "abc", "projects": projects}))
        return (folder / "new.zip").rename(folder / f"{digest}.zip")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Open a project in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-P", "-c", OPEN, *arguments],
            env={"PYTHONPATH": str(self.root / "dags"), "MWAA_DBT_HOME": str(self.home), "PATH": os.defpath},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def open(self, project: str = "shop") -> Path:
        """Open a project that must open; return its folder."""
        process = self.start(project)
        answer, error = process.communicate(timeout=30)
        assert process.returncode == 0, error
        return Path(answer.strip())

    def refused(self, project: str = "shop") -> list[str]:
        """Open a project that must not open; return the lines of the error."""
        process = self.start(project)
        answer, error = process.communicate(timeout=30)
        assert (process.returncode, answer) == (1, "")
        assert "Traceback" not in error
        return error.splitlines()


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """Return a container without any release."""
    shutil.copytree(ROOT / "dags" / "mwaa_dbt", tmp_path / "dags" / "mwaa_dbt")
    return Container(tmp_path)


def whole(folder: Path, files: dict[str, str]) -> bool:
    """Say whether a folder holds just these files."""
    found = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    return found == files


def test_project_is_unpacked_once(container: Container) -> None:
    """The second call returns the folder of the first, as it was left."""
    archive = container.ship(FILES)
    first = container.open()
    inode = first.stat().st_ino
    (first / "dbt.log").write_text("mine")
    assert first == container.home / "shop" / archive.stem
    assert container.open().stat().st_ino == inode
    assert whole(first, {**FILES, "dbt.log": "mine"})


def test_new_release_gets_own_folder(container: Container) -> None:
    """A new release does not touch what a running task of the old one reads."""
    container.ship(FILES)
    old = container.open()
    container.ship({**FILES, "models/a.sql": "select 1"})
    new = container.open()
    assert old != new
    assert whole(old, FILES)
    assert whole(new, {**FILES, "models/a.sql": "select 1"})


def test_processes_at_once_agree(container: Container) -> None:
    """Four processes that start together all get the one whole folder."""
    container.ship(MANY)
    start = container.root / "start"
    processes = [container.start("shop", str(start)) for _ in range(4)]
    start.touch()
    answers = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in answers] == [""] * 4
    (folder,) = {Path(answer.strip()) for answer, _ in answers}
    assert whole(folder, MANY)
    assert sorted(path.name for path in folder.parent.iterdir()) == [".lock", folder.name]


def test_folder_appears_whole(container: Container) -> None:
    """In the moment in which the folder can be seen it holds every file."""
    archive = container.ship(MANY)
    folder = container.home / "shop" / archive.stem
    process = container.start("shop")
    while not folder.exists():
        assert process.poll() is None, "it ended without a folder"
    seen = sum(path.is_file() for path in folder.rglob("*"))
    process.communicate()
    assert seen == len(MANY)


def test_killed_unpack_does_not_matter(container: Container) -> None:
    """After a process was killed while unpacking, the next one unpacks the whole."""
    archive = container.ship(MANY)
    process = container.start("shop")
    while not list(container.home.glob("shop/.unpacking-*/models")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (container.home / "shop" / archive.stem).exists()
    assert whole(container.open(), MANY)


def test_leftover_folder_does_not_matter(container: Container) -> None:
    """The temporary folder of a dead process is never taken for a project."""
    container.ship(FILES)
    leftover = container.home / "shop" / ".unpacking-dead"
    leftover.mkdir(parents=True)
    assert whole(container.open(), FILES)


def test_shipped_parse_stays_youngest(container: Container) -> None:
    """Cosmos takes the younger of two partial parses, and must take the shipped one in ten years too."""
    container.ship(FILES)
    shipped = container.open() / "target" / "partial_parse.msgpack"
    assert shipped.stat().st_mtime > time.time() + 10 * 365 * 86400


def test_project_without_parse_opens(container: Container) -> None:
    """An archive without a partial parse opens all the same."""
    container.ship({"dbt_project.yml": "name: shop\n"})
    assert whole(container.open(), {"dbt_project.yml": "name: shop\n"})


def test_missing_release_is_told(container: Container) -> None:
    """A DAG folder without a pointer says where it should be."""
    what, where, fix = container.refused()
    assert what == "There is no release here."
    assert where == f"  where: {container.release / 'current.json'}"
    assert fix == "  fix:   run `mwaa build`, then deploy its output"


def test_cut_off_archive_is_told(container: Container) -> None:
    """Half an archive is not unpacked; the error says how much of it is there."""
    archive = container.ship(FILES)
    size = archive.stat().st_size
    archive.write_bytes(archive.read_bytes()[:100])
    what, where, fix = container.refused()
    assert what == f"The archive is not whole: 100 of {size} bytes."
    assert where == f"  where: {archive}"
    assert fix == "  fix:   deploy again"
    assert not (container.home / "shop" / archive.stem).exists()


def test_wrong_digest_is_told(container: Container) -> None:
    """An archive of the right size with other bytes is not unpacked."""
    archive = container.ship(FILES)
    archive.write_bytes(bytes(reversed(archive.read_bytes())))
    what, where, _ = container.refused()
    assert what.startswith("The archive is not whole")
    assert where == f"  where: {archive}"


def test_missing_archive_is_told(container: Container) -> None:
    """A pointer that came before its archive says that the sync is not done."""
    archive = container.ship(FILES)
    archive.unlink()
    what, where, fix = container.refused()
    assert what == "The archive of this release is not here yet."
    assert where == f"  where: {archive}"
    assert fix == "  fix:   wait for S3's next sync"


def test_unpacked_needs_no_archive(container: Container) -> None:
    """A project that is unpacked opens even while the sync replaces its archive."""
    archive = container.ship(FILES)
    folder = container.open()
    archive.unlink()
    assert container.open() == folder


@pytest.mark.parametrize("kept", [0, 1, 30, 60])
def test_cut_off_pointer_is_told(kept: int, container: Container) -> None:
    """Half a pointer is told as such, with its path."""
    container.ship(FILES)
    pointer = container.release / "current.json"
    pointer.write_text(pointer.read_text()[:kept])
    what, where, fix = container.refused()
    assert what.startswith("The release pointer is cut off: ")
    assert where == f"  where: {pointer}"
    assert fix == "  fix:   deploy again"


def test_unknown_project_is_told(container: Container) -> None:
    """A misspelt project is told with the release, the close name and all known ones."""
    container.ship(FILES)
    what, where, fix = container.refused("shpo")
    assert what == "Release abc has no dbt project 'shpo'. Did you mean 'shop'?"
    assert where == "  where: dbt_group('shpo', …)"
    assert fix == "  fix:   name one of: shop; a project is a folder in dbt/"
