"""Partial syncs of two consecutive releases: any subset of objects, old or new, deletions too."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mwaa_dbt import reader
from scripts.deploy.plan import POINTED
from tests.deploy.conftest import Shape, build

pytestmark = pytest.mark.slow

KINDS = ("old",) * 4 + ("new",) * 4 + ("gone", "cut")
EXAMPLES = 2000
SEEN: Counter[str] = Counter()


@dataclass(frozen=True)
class Tree:
    """The DAG folder after a deploy: name → bytes."""

    files: dict[str, bytes]
    digest: str
    projects: dict[str, str]

    def whole_in(self, state: dict[str, bytes]) -> bool:
        """Say whether a folder's state has all that this release needs."""
        needed = [f"dbt/{self.digest}.zip", *(f"dbt/{name}/{digest}.zip" for name, digest in self.projects.items())]
        return all(state.get(name) == self.files[name] for name in needed)


def tree(shape: Shape, folder: Path, before: Tree | None = None) -> Tree:
    """Return what the bucket's DAG prefix holds once a release is deployed after another."""
    built = build(shape, folder)
    record = built.source.record
    pointer = [record["digest"], *([before.digest] if before else [])][:POINTED]
    dags = built.folder / "dags"
    files = {path.relative_to(dags).as_posix(): path.read_bytes() for path in dags.rglob("*") if path.is_file()}
    archives = {name: data for name, data in (before.files if before else {}).items() if name.endswith(".zip")}
    files |= archives | {"dbt/current.json": json.dumps({"releases": pointer}).encode()}
    projects = {name: project["archive"] for name, project in record["projects"].items()}
    return Tree(files, str(record["digest"]), projects)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tree, Tree]:
    """Make two consecutive releases that differ in a project, a helper, and in which DAG files there are."""
    folder = tmp_path_factory.mktemp("trees")
    old = tree(Shape("A", dags=("shop.py", "old.py")), folder / "a")
    return old, tree(Shape("B", dags=("shop.py", "new.py")), folder / "b", before=old)


def state_of(old: Tree, new: Tree, kinds: list[str]) -> dict[str, bytes]:
    """Return a folder in which each object that differs is as its kind says."""
    names = sorted({*old.files, *new.files})
    state = {}
    for name, kind in zip(names, kinds, strict=True):
        data = {"old": old.files.get(name), "new": new.files.get(name)}.get(kind)
        if kind == "cut" and (whole := new.files.get(name, old.files.get(name))):
            data = whole[: len(whole) // 2]
        if data is not None:
            state[name] = data
    return state


@contextmanager
def container(state: dict[str, bytes]) -> Iterator[Path]:
    """Put a state on a disk of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in state.items():
            path = Path(folder, "dags", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        os.environ["MWAA_DBT_HOME"] = f"{folder}/home"
        path_before = list(sys.path)
        try:
            yield Path(folder)
        finally:
            sys.path[:] = path_before
            # A process holds each release that it opens, and there are more examples than files it may have open.
            for number in _open_below(folder):
                os.close(number)
            del os.environ["MWAA_DBT_HOME"]


def _open_below(folder: str) -> list[int]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        # What lists them is gone by now.
        with suppress(OSError):
            found += [int(entry.name)] if entry.readlink().is_relative_to(folder) else []
    return found


def opened(folder: Path) -> str | None:
    """Return the digest of the release that a container opens, after checking that it is whole; None for none."""
    try:
        release = reader.open_release(folder / "dags" / "dbt")
    except reader.ReleaseError:
        return None
    description = json.loads((release / "release.json").read_text())
    texts = {(release / "dags" / "common.py").read_text()}
    for name, project in description["projects"].items():
        unpacked = folder / "home" / "projects" / project
        texts |= {f"NAME = {(unpacked / 'model.sql').read_text()!r}\n"} if name == "shop" else set()
    assert len(texts) == 1, f"mixed: {texts}"
    return release.name


def expected(state: dict[str, bytes], old: Tree, new: Tree) -> set[str | None]:
    """Return which releases are right: the pointer's first that is whole, or any whole one without a pointer."""
    whole = [tree.digest for tree in (new, old) if tree.whole_in(state)]
    try:
        pointed = json.loads(state["dbt/current.json"])["releases"]
    except (KeyError, ValueError):
        return set(whole) or {None}
    first = next((digest for digest in pointed if digest in whole), None)
    return {first} if first else set(whole) or {None}


@settings(
    max_examples=EXAMPLES, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_partial_sync_shows_one_release(trees: tuple[Tree, Tree], data: st.DataObject) -> None:
    """Whatever mixture of objects is there, one whole release is opened, the newest that the pointer names."""
    old, new = trees
    names = sorted({*old.files, *new.files})
    kinds = data.draw(st.lists(st.sampled_from(KINDS), min_size=len(names), max_size=len(names)))
    state = state_of(old, new, kinds)
    with container(state) as folder:
        found = opened(folder)
    assert found in expected(state, old, new)
    SEEN[{old.digest: "old", new.digest: "new"}.get(found or "", "none")] += 1


def test_all_outcomes_were_seen() -> None:
    """The mixtures above were not all of one kind."""
    assert all(SEEN[outcome] > EXAMPLES / 20 for outcome in ("old", "new", "none")), SEEN


@settings(max_examples=300, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.randoms(use_true_random=False), stops=st.lists(st.integers(0, 30), max_size=4))
def test_any_order_keeps_a_release(trees: tuple[Tree, Tree], order: random.Random, stops: list[int]) -> None:
    """While a container that had the old release gets the new one in any order, a parse at any moment finds one."""
    old, new = trees
    changes = [name for name in {*old.files, *new.files} if old.files.get(name) != new.files.get(name)]
    order.shuffle(changes)
    state = dict(old.files)
    with container(state) as folder:
        assert opened(folder) == old.digest
        for number, name in enumerate(changes):
            path = folder / "dags" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in new.files:
                path.write_bytes(new.files[name])
                state[name] = new.files[name]
            else:
                path.unlink()
                del state[name]
            if number in stops:
                # The next process; this one would stay with the release that it has opened.
                sys.path[:] = [entry for entry in sys.path if "releases" not in entry]
                assert opened(folder) in expected(state, old, new) - {None}
        sys.path[:] = [entry for entry in sys.path if "releases" not in entry]
        assert opened(folder) == new.digest
        shutil.rmtree(folder / "home")
