"""Archives: the same bytes for the same sources, and nothing in them that a release does not need."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import msgpack
import pytest

from scripts.archive import PARSED_IN, full_manifest, pack, reproducible, slim, zip_by_content, zip_folder
from scripts.projects import DbtProject
from tests.unit.conftest import Write

NODE = {
    "unique_id": "model.shop.orders",
    "resource_type": "model",
    "package_name": "shop",
    "original_file_path": "models/orders.sql",
    "fqn": ["shop", "orders"],
    "tags": ["finance"],
    "config": {"materialized": "table"},
    "depends_on": {"macros": ["macro.dbt.x"], "nodes": ["model.shop.stg"]},
    "raw_code": "select 1",
    "created_at": 1.5,
    "description": "long",
}
SLIM_NODE = {
    "resource_type": "model",
    "package_name": "shop",
    "original_file_path": "models/orders.sql",
    "fqn": ["shop", "orders"],
    "tags": ["finance"],
    "config": {"materialized": "table"},
    "depends_on": {"nodes": ["model.shop.stg"]},
}


def manifest(stamp: float = 1.5, root: str = "/somewhere/dbt") -> dict[str, Any]:
    """Return a manifest as dbt would write it at some time, in some folder."""
    return {
        "metadata": {
            "project_name": "shop",
            "dbt_schema_version": "v12",
            "invocation_id": f"id-{stamp}",
            "generated_at": f"2026-01-01T00:00:{stamp}Z",
            "user_id": f"user-{stamp}",
        },
        "nodes": {"model.shop.orders": {**NODE, "created_at": stamp, "root_path": f"{root}/shop"}},
        "selectors": {"daily": {"definition": "tag:daily"}},
        "macros": {"macro.dbt.x": {"macro_sql": "…"}},
    }


def file(stamp: float) -> dict[str, Any]:
    """Return the one file of a partial parse, as dbt notes it."""
    path = {"searched_path": "models", "relative_path": "a.sql", "modification_time": stamp}
    return {"shop://a": {"path": path, "checksum": "abc"}}


@pytest.fixture
def parsed(write: Write) -> Any:
    """Return a function that makes a parsed dbt project in a folder of that name."""

    def make(folder: str, stamp: float = 1.5) -> DbtProject:
        root = write(folder, {"shop/dbt_project.yml": "name: shop\n", "shop/models/orders.sql": "select 1\n"})
        write(folder, {"shop/logs/dbt.log": folder, "shop/macros/__pycache__/m.pyc": folder})
        write(folder, {"shop/target/manifest.json": json.dumps(manifest(stamp, str(root)))})
        parse = msgpack.packb({**manifest(stamp, str(root)), "files": file(stamp)})
        (root / "shop" / "target" / "partial_parse.msgpack").write_bytes(parse)
        return DbtProject("shop", root / "shop")

    return make


def test_archive_bytes_are_reproducible(parsed: Any, tmp_path: Path) -> None:
    """Equal sources in other folders, at other times and by other runs of dbt give equal bytes."""
    one, two = parsed("one", 1.5), parsed("two", 2.5)
    for path in two.folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    first, second = pack(one, tmp_path / "out"), pack(two, tmp_path / "other")
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_archive_is_named_by_digest(parsed: Any, tmp_path: Path) -> None:
    """The file's name is its SHA-256, and nothing else is left in the folder."""
    path = pack(parsed("one"), tmp_path / "out")
    assert path.name == hashlib.sha256(path.read_bytes()).hexdigest() + ".zip"
    assert list((tmp_path / "out").iterdir()) == [path]


def test_changed_source_changes_name(parsed: Any, tmp_path: Path) -> None:
    """One changed character is another archive."""
    project = parsed("one")
    before = pack(project, tmp_path / "out")
    (project.folder / "models" / "orders.sql").write_text("select 2\n")
    assert pack(project, tmp_path / "out") != before


def test_archive_holds_the_needed(parsed: Any, tmp_path: Path) -> None:
    """Sources, slim manifest and partial parse are in; logs, caches and the full manifest are not."""
    with zipfile.ZipFile(pack(parsed("one"), tmp_path / "out")) as archive:
        names = archive.namelist()
        kept = json.loads(archive.read("manifest.json"))
    made = ["target/descriptions.json", "target/partial_parse.msgpack", "target/slices"]
    assert names == ["dbt_project.yml", "manifest.json", "models/orders.sql", *made]
    assert kept == slim(manifest())


def test_linked_package_is_followed(parsed: Any, write: Write, tmp_path: Path) -> None:
    """A package that `dbt deps` only linked travels as files."""
    project = parsed("one")
    package = write("elsewhere", {"macros/cents.sql": "x"})
    (project.folder / "dbt_packages").mkdir()
    (project.folder / "dbt_packages" / "tools").symlink_to(package)
    with zipfile.ZipFile(pack(project, tmp_path / "out")) as archive:
        assert archive.read("dbt_packages/tools/macros/cents.sql") == b"x"


def test_models_folder_may_be_called_logs(parsed: Any, write: Write, tmp_path: Path) -> None:
    """Only dbt's own logs and target, at the top, are left out; models may have these names."""
    project = parsed("one")
    write("one", {"shop/models/logs/stg_logs.sql": "select 1", "shop/models/target/t.sql": "select 1"})
    with zipfile.ZipFile(pack(project, tmp_path / "out")) as archive:
        assert {"models/logs/stg_logs.sql", "models/target/t.sql"} <= set(archive.namelist())


def test_zip_of_folder_is_reproducible(write: Write, tmp_path: Path) -> None:
    """A zip of plugins has the same bytes wherever and whenever it is made."""
    for number, name in enumerate(("one", "two")):
        folder = write(name, {"b.py": "b", "a.py": "a", "__pycache__/a.pyc": name})
        os.utime(folder / "a.py", (1_000_000_000 + number, 1_000_000_000 + number))
        zip_folder(folder, tmp_path / f"{name}.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["a.py", "b.py"]


def test_slim_keeps_what_cosmos_reads() -> None:
    """A slim manifest has these fields and no other."""
    assert slim(manifest()) == {
        "metadata": {"project_name": "shop"},
        "selectors": {"daily": {"definition": "tag:daily"}},
        "nodes": {"model.shop.orders": SLIM_NODE},
        "sources": {},
        "exposures": {},
        "unit_tests": {},
    }


def test_slim_drops_empty_values() -> None:
    """A value that says nothing is not carried."""
    nodes: dict[str, Any] = {"model.shop.a": {"resource_type": "model", "tags": [], "config": {}, "freshness": None}}
    kept = slim({"metadata": {"project_name": "shop"}, "nodes": nodes})["nodes"]["model.shop.a"]
    assert kept == {"resource_type": "model", "depends_on": {"nodes": []}}


def test_partial_parse_forgets_its_run() -> None:
    """Times, run ids and the staging folder go; all else stays as it was."""
    parse = {
        "metadata": {"invocation_id": "x", "generated_at": "now", "run_started_at": 1, "dbt_schema_version": "v12"},
        "nodes": {"model.shop.a": {"unique_id": "model.shop.a", "created_at": 1.5, "root_path": "/stage/shop"}},
        "files": file(7.0),
    }
    expected = {
        "metadata": {
            "invocation_id": None,
            "generated_at": "1970-01-01T00:00:00Z",
            "run_started_at": None,
            "dbt_schema_version": "v12",
        },
        "nodes": {"model.shop.a": {"unique_id": "model.shop.a", "created_at": 0.0, "root_path": f"{PARSED_IN}/shop"}},
        "files": file(0.0),
    }
    assert msgpack.unpackb(reproducible(msgpack.packb(parse), Path("/stage"))) == expected


@pytest.mark.parametrize("name", ["created_at", "user_id", "generated_at"])
def test_column_named_like_a_time_stays(name: str) -> None:
    """A user's column, test row or meta that is called like a field of dbt's is the user's, not dbt's."""
    node = {
        "unique_id": "model.shop.a",
        "columns": {name: {"name": name, "data_type": "timestamp"}},
        "given": [{"rows": [{name: 7}]}],
        "meta": {name: "mine"},
    }
    parse = {"nodes": {"model.shop.a": node}}
    assert msgpack.unpackb(reproducible(msgpack.packb(parse), Path("/stage"))) == parse


def test_full_manifest_is_reproducible(parsed: Any) -> None:
    """The manifest for state:modified is whole, and the same for the same sources."""
    one, two = full_manifest(parsed("one", 1.5)), full_manifest(parsed("two", 2.5))
    assert one == two
    assert json.loads(gzip.decompress(one))["macros"] == manifest()["macros"]


def test_zip_is_named_by_its_content(tmp_path: Path) -> None:
    """The same members in any order are the same bytes under their SHA-256; another byte is another file."""
    one = zip_by_content({"a": b"1", "b/c": b"2"}, tmp_path / "one")
    two = zip_by_content({"b/c": b"2", "a": b"1"}, tmp_path / "two")
    other = zip_by_content({"a": b"1", "b/c": b"3"}, tmp_path / "two")
    assert one.name == two.name == f"{hashlib.sha256(two.read_bytes()).hexdigest()}.zip"
    assert one.read_bytes() == two.read_bytes()
    assert sorted((tmp_path / "two").iterdir()) == sorted([two, other])
    with zipfile.ZipFile(one) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a": b"1", "b/c": b"2"}
