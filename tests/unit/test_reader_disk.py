"""Releases on a container's disk: each unpacked once and whole, swept when nobody has it, whoever dies half way."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from tests.unit.container import MANY, PROJECT, Container, Release, files

DAG = {"shop.py": "VERSION = 'old'\n"}
NEWER = {"shop.py": "VERSION = 'new'\n"}


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """Return a container with an empty DAG folder."""
    return Container(tmp_path)


def project(container: Container, release: Release, name: str = "shop") -> Path:
    """Return where a project of a release is unpacked."""
    return container.home / "projects" / release.projects[name]


def test_release_is_unpacked_once(container: Container) -> None:
    """The second process gets the folders of the first, as they were left."""
    release = container.make(DAG, {"shop": PROJECT})
    container.ship(release)
    container.parse()
    folders = [container.home / "releases" / release.digest, project(container, release)]
    inodes = [folder.stat().st_ino for folder in folders]
    (folders[1] / "dbt.log").write_text("mine")
    container.parse()
    assert [folder.stat().st_ino for folder in folders] == inodes
    assert files(folders[1]) == {**PROJECT, "dbt.log": "mine"}


def test_unchanged_project_is_shared(container: Container) -> None:
    """A new release with the same project takes the one that is there; a changed one gets a folder of its own."""
    old = container.make(DAG, {"shop": PROJECT, "crm": PROJECT})
    new = container.make(NEWER, {"shop": PROJECT, "crm": {**PROJECT, "a.sql": "select 1"}})
    container.ship(old)
    container.parse()
    inode = project(container, old).stat().st_ino
    container.ship(new, old)
    container.parse()
    assert project(container, new).stat().st_ino == inode
    assert files(project(container, old, "crm")) == PROJECT
    assert files(project(container, new, "crm")) == {**PROJECT, "a.sql": "select 1"}


def test_processes_at_once_agree(container: Container) -> None:
    """Four processes that start together all run the one whole release."""
    release = container.make(DAG, {"shop": MANY})
    container.ship(release)
    processes = [container.process() for _ in range(4)]
    for process in processes:
        process.ask("shop.py")
    answers = [process.answer() for process in processes]
    for process in processes:
        process.__exit__()
    assert [answer["error"] for answer in answers] == [""] * 4
    assert files(project(container, release)) == MANY
    assert container.unpacked() == {release.digest}
    assert container.unpacked("projects") == set(release.projects.values())


def test_folder_appears_whole(container: Container) -> None:
    """In the moment in which a folder can be seen it holds every file."""
    release = container.make(DAG, {"shop": MANY})
    container.ship(release)
    folder = project(container, release)
    with container.process() as process:
        process.ask("shop.py")
        process.kill_when(folder.exists)
        seen = sum(path.is_file() for path in folder.rglob("*"))
    assert seen == len(MANY)


def test_killed_unpack_does_not_matter(container: Container) -> None:
    """After a process was killed while unpacking, the next one unpacks the whole and clears up."""
    release = container.make(DAG, {"shop": MANY})
    container.ship(release)
    with container.process() as process:
        process.ask("shop.py")
        process.kill_when(lambda: list(container.home.glob("projects/.half-*/models")))
        assert not project(container, release).exists()
    assert container.parse()["error"] == ""
    assert files(project(container, release)) == MANY
    assert list(container.home.glob("*/.half-*")) == []


def test_killed_sweep_does_not_matter(container: Container) -> None:
    """What a process left that was killed while sweeping is not taken for a release when it is wanted again."""
    old, new = container.make(DAG, {"shop": MANY}), container.make(NEWER)
    container.ship(old)
    container.parse()
    container.ship(new)
    folder = project(container, old)
    with container.process() as process:
        process.ask("shop.py")
        process.kill_when(lambda: not all((folder / name).exists() for name in [*MANY][::100]))
    container.ship(old)
    assert container.parse()["names"] == {"VERSION": "old"}
    assert files(folder) == MANY
    assert list(container.home.glob("*/.half-*")) == []


def test_shipped_parse_stays_youngest(container: Container) -> None:
    """Cosmos takes the younger of two partial parses, and must take the shipped one in ten years too."""
    release = container.make(DAG, {"shop": PROJECT, "crm": {"dbt_project.yml": "name: crm\n"}})
    container.ship(release)
    assert container.parse()["error"] == ""
    shipped = project(container, release) / "target" / "partial_parse.msgpack"
    assert shipped.stat().st_mtime > time.time() + 10 * 365 * 86400
    assert files(project(container, release, "crm")) == {"dbt_project.yml": "name: crm\n"}


def test_open_release_is_not_swept(container: Container) -> None:
    """What a live process has open stays, with its projects, and goes with the next release once that has ended."""
    old, new = container.make(DAG, {"shop": PROJECT}), container.make(NEWER, {"shop": {**PROJECT, "n": ""}})
    newest = container.make({"shop.py": "VERSION = 'newest'\n"})
    container.ship(old)
    with container.process() as process:
        process.parse()
        container.ship(new)
        assert container.parse()["names"] == {"VERSION": "new"}
        assert container.unpacked() == {old.digest, new.digest}
        assert files(project(container, old)) == PROJECT
        assert process.parse()["names"] == {"VERSION": "old"}
    container.ship(newest, new)
    assert container.parse()["names"] == {"VERSION": "newest"}
    assert container.unpacked() == {newest.digest, new.digest}
    assert container.unpacked("projects") == set(new.projects.values())


def test_pointed_release_is_not_swept(container: Container) -> None:
    """What the pointer still names stays unpacked, though nobody has it open."""
    old, new = container.make(DAG), container.make(NEWER)
    container.ship(old)
    container.parse()
    container.ship(new, old)
    container.parse()
    assert container.unpacked() == {old.digest, new.digest}


def test_last_good_release_is_not_swept(container: Container) -> None:
    """A new release that is not whole does not cost the old one, even if the pointer has forgotten that."""
    old, new = container.make(DAG), container.make(NEWER, {"shop": PROJECT})
    container.ship(old)
    container.parse()
    container.ship(new)
    (container.store / f"{old.digest}.zip").unlink()
    (container.store / new.archives[1]).write_bytes(b"half")
    answer = container.parse()
    assert (answer["error"], answer["names"]) == ("", {"VERSION": "old"})


def test_unwritable_disk_is_told(container: Container) -> None:
    """Where nothing can be unpacked the error says why."""
    release = container.make(DAG)
    container.ship(release)
    container.home.write_text("a file in the way")
    error = container.parse()["error"]
    assert f"  {release.digest[:12]}: [Errno 17] File exists: '{container.home}'\n" in error


def test_full_disk_keeps_the_old_release(container: Container) -> None:
    """A release for which there is no room is passed over, and what was begun of it is removed."""
    old = container.make(DAG, {"shop": PROJECT})
    new = container.make(NEWER, {"shop": {**PROJECT, "seeds/big.csv": "1,2,3\n" * 100_000}})
    container.ship(old)
    container.parse()
    container.ship(new, old)
    # A limit of the kernel's on the size of a file, where a test cannot fill a disk.
    with container.process(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))) as process:
        answer = process.parse()
    assert (answer["error"], answer["names"]) == ("", {"VERSION": "old"})
    assert list(container.home.glob("*/.half-*")) == []
    assert container.parse()["names"] == {"VERSION": "new"}


def test_removed_disk_is_filled_again(container: Container) -> None:
    """If everything unpacked is deleted under a process, its next DAG file is unpacked anew, not lost."""
    container.ship(container.make(DAG, {"shop": PROJECT}))
    with container.process() as process:
        process.parse()
        container.home.rename(container.home.with_name("removed"))
        answer = process.parse()
    assert (answer["error"], answer["names"]) == ("", {"VERSION": "old"})


def test_many_files_hold_one_lock(container: Container) -> None:
    """A process that parses file after file does not open more and more."""
    container.ship(container.make({f"dag_{number}.py": "VERSION = 1\n" for number in range(30)}))
    with container.process() as process:
        opened = {process.parse(f"dag_{number}.py")["open"] for number in range(30)}
    assert len(opened) == 1
