"""A project's slices: every name is found with its own nodes and tests, by a few reads of the file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_dbt.slices import FILE, find
from scripts.slices import cut

ROOT = Path(__file__).parents[2]
# Opens a project's slices, of which each read is seen by the kernel alone: no buffer reads ahead.
COUNT = """
import io, sys
from pathlib import Path
from mwaa_dbt import slices

class Counted(io.FileIO):
    reads = size = 0
    def readinto(self, buffer):
        count = super().readinto(buffer)
        Counted.reads, Counted.size = Counted.reads + 1, Counted.size + count
        return count

class Folder(type(Path())):
    def open(self, mode):
        return io.BufferedReader(Counted(str(self), mode))

found = slices.find(Folder(sys.argv[1]), sys.argv[2])
print(len(found), Counted.reads, Counted.size)
"""


def node(kind: str = "model", *parents: str) -> dict[str, Any]:
    """Return a node of a slim manifest."""
    return {"resource_type": kind, "depends_on": {"nodes": list(parents)}, "original_file_path": "x.sql"}


def manifest(*names: str, **more: Any) -> dict[str, Any]:
    """Return a slim manifest of models with these unique ids."""
    nodes = {name: node() for name in names}
    return {"metadata": {"project_name": "shop"}, "nodes": nodes, "unit_tests": {}, **more}


def write(folder: Path, table: dict[str, Any]) -> Path:
    """Write a manifest's slices as they are unpacked, and return the project's folder."""
    (folder / FILE).parent.mkdir(exist_ok=True)
    (folder / FILE).write_bytes(cut(table))
    return folder


def found(folder: Path, name: str) -> list[str]:
    """Return the unique ids of the nodes of a name's slices."""
    return [unique_id for part in find(folder, name) for unique_id in part["nodes"]]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 100])
def test_every_name_is_found(tmp_path: Path, count: int) -> None:
    """Every name is found, first and last too, also those that begin as others do; and no other name is."""
    names = [f"orders{'_v' if number else ''}{number or ''}" for number in range(count)]
    write(tmp_path, manifest(*(f"model.shop.{name}" for name in names)))
    assert {name: found(tmp_path, name) for name in names} == {name: [f"model.shop.{name}"] for name in names}
    others = ["", "order", "orders_", "orders_v", "orders_v01", "a", "zoo", "orders\t", "ORDERS", "\uffff"]
    assert [name for name in others if find(tmp_path, name)] == []


def test_versions_are_found_by_their_task_names(tmp_path: Path) -> None:
    """A version is found as Airflow calls it, with an underscore for its dot."""
    write(tmp_path, manifest("model.shop.orders", "model.shop.orders.v1", "model.shop.orders.v2"))
    assert found(tmp_path, "orders_v2") == ["model.shop.orders.v2"]
    assert found(tmp_path, "orders") == ["model.shop.orders"]
    assert found(tmp_path, "orders.v2") == []


def test_two_packages_may_have_one_name(tmp_path: Path) -> None:
    """Both nodes of one name are found, each in a slice of its own, with its own tests."""
    table = manifest("model.shop.daily", "model.den.daily", "model.shop.dail", "model.shop.daily_2")
    table["nodes"]["test.den.one.1a"] = node("test", "model.den.daily")
    write(tmp_path, table)
    parts = sorted(find(tmp_path, "daily"), key=lambda part: len(part["nodes"]))
    assert [list(part["nodes"]) for part in parts] == [["model.shop.daily"], ["model.den.daily", "test.den.one.1a"]]


def test_slice_has_its_tests(tmp_path: Path) -> None:
    """A slice has all tests that need its node, of several nodes too, and its unit tests; nothing else."""
    table = manifest("model.shop.a", "model.shop.b", unit_tests={"unit_test.shop.a.one": "model.shop.a"})
    table["nodes"] |= {
        "seed.shop.s": node("seed"),
        "snapshot.shop.p": node("snapshot", "seed.shop.s"),
        "test.shop.both.1": node("test", "model.shop.a", "model.shop.b"),
        "test.shop.a.2": node("test", "model.shop.a"),
        "test.shop.none.3": node("test"),
        "analysis.shop.x": node("analysis"),
    }
    write(tmp_path, table)
    (part,) = find(tmp_path, "a")
    assert {*part["nodes"]} == {"model.shop.a", "test.shop.both.1", "test.shop.a.2"}
    assert part["unit_tests"] == {"unit_test.shop.a.one": "model.shop.a"}
    assert part["metadata"] == table["metadata"]
    assert part["nodes"]["test.shop.both.1"] == table["nodes"]["test.shop.both.1"]
    assert (found(tmp_path, "s"), found(tmp_path, "p")) == (["seed.shop.s"], ["snapshot.shop.p"])
    assert [found(tmp_path, name) for name in ("both", "both_1", "none_3", "x")] == [[], [], [], []]


def test_empty_project(tmp_path: Path) -> None:
    """A project without nodes, or packed before there were slices, has none."""
    assert find(tmp_path, "orders") == []
    assert cut(manifest()) == b""
    assert find(write(tmp_path, manifest()), "orders") == []


@given(
    st.lists(st.tuples(st.sampled_from(["shop", "den"]), st.text(min_size=1).filter(str.strip)), max_size=30), st.text()
)
def test_any_name(names: list[tuple[str, str]], other: str) -> None:
    """Names of any characters that a line may have are found, with all nodes of that name and no other."""
    names = [(package, name) for package, name in names if not {*name} & {*"\t\n"} and name.isprintable()]
    expected = defaultdict(set)
    for package, name in names:
        expected[name.replace(".", "_")].add(f"model.{package}.{name}")
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), manifest(*(f"model.{package}.{name}" for package, name in names)))
        assert {name: {*found(path, name)} for name in expected} == expected
        assert {*found(path, other)} == expected.get(other, set())


def test_same_bytes_for_the_same_nodes() -> None:
    """The order of a manifest does not matter."""
    names = [f"model.shop.m{number}" for number in range(20)]
    assert cut(manifest(*names)) == cut(manifest(*reversed(names)))


@pytest.mark.parametrize("name", ["m0", "m2500", "m4999", "m2500x"])
def test_few_reads(tmp_path: Path, name: str) -> None:
    """Of 5,000 nodes with 2 kB each a name is found in some twenty reads of 8 kB."""
    table = manifest(*(f"model.shop.m{number}" for number in range(5000)))
    for one in table["nodes"].values():
        one["config"] = {"meta": "x" * 2000}
    write(tmp_path, table)
    assert (tmp_path / FILE).stat().st_size > 10_000_000
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(tmp_path), name],
        env={"PYTHONPATH": str(ROOT / "dags")},
        capture_output=True,
        text=True,
        check=True,
    )
    count, reads, size = json.loads(f"[{done.stdout.replace(' ', ',')}]")
    assert count == (not name.endswith("x"))
    assert 5 < reads < 30
    assert size < 250_000
