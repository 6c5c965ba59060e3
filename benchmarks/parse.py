"""What it costs to parse a dbt project's DAG: stock Cosmos in both its usual modes, and ours."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.airflow import OURS, Place, Way, compare_ways, place, stock
from benchmarks.measure import Options, Result
from benchmarks.synthetic import parsed, write
from scripts.archive import full_manifest, pack, slim
from scripts.paths import Paths
from scripts.projects import DbtProject


def measure(paths: Paths, options: Options) -> list[Result]:
    """Measure the sample project and a made-up one of many models."""
    where = place(paths, options)
    return [_sample_project(where), _synthetic(where, options.models)]


def _sample_project(where: Place) -> Result:
    project, full = where.folder / "jaffle_shop", where.release / "jaffle_shop" / "manifest.json"
    ways: dict[str, Way] = {
        f"stock Cosmos, manifest ({_size(full)})": stock(where, project, full),
        "stock Cosmos, dbt ls": stock(where, project, None),
        f"dags/jaffle_shop.py ({_size(project / 'manifest.json')})": (where.dags / "jaffle_shop.py", {}),
    }
    return compare_ways("Parse of the sample project", where, "process", ways)


def _synthetic(where: Place, models: int) -> Result:
    project = DbtProject("synthetic", where.folder / "synthetic")
    write(project.folder, models)
    parsed(project, where)
    full, thin = where.folder / "full.json", where.folder / "slim.json"
    full.write_bytes(full_manifest(project))
    thin.write_text(json.dumps(slim(json.loads(full.read_bytes())), separators=(",", ":")))
    _point(where, pack(project, where.dags / "dbt" / project.name))
    ways: dict[str, Way] = {
        f"stock Cosmos, manifest ({_size(full)})": stock(where, project.folder, full),
        f"stock Cosmos, slim manifest ({_size(thin)})": stock(where, project.folder, thin),
        "stock Cosmos, dbt ls": stock(where, project.folder, None),
        f"dbt_group ({_size(thin)})": (OURS, {"BENCHMARK_PROJECT": project.name}),
    }
    return compare_ways(f"Parse of a project of {models} models", where, "process", ways)


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _point(where: Place, archive: Path) -> None:
    """Make the archive part of the release."""
    pointer = where.dags / "dbt" / "current.json"
    table = json.loads(pointer.read_text())
    table["projects"][archive.parent.name] = {"digest": archive.stem, "size": archive.stat().st_size}
    pointer.write_text(json.dumps(table))
